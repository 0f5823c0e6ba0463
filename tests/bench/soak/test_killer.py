"""The order of kills, and kills that hit nothing."""

import random
from collections import Counter
from itertools import islice

from bench.soak.killer import MissedError, Victim, kill, order

REGISTRY, NGINX = Victim("registry", lambda _: "registry 12", share=3), Victim("nginx", lambda _: "nginx 7")


def drawn(seed: int, count: int = 40) -> list[str]:
    return [each.name for each in islice(order((REGISTRY, NGINX), random.Random(seed)), count)]  # noqa: S311


def test_each_bag_has_every_victim_by_its_share() -> None:
    assert Counter(drawn(1)[4:8]) == {"registry": 3, "nginx": 1}


def test_a_seed_repeats_the_order() -> None:
    assert drawn(1) == drawn(1) != drawn(2)


def test_a_kill_says_what_it_hit() -> None:
    assert str(kill(NGINX, random.Random(1))) == "nginx: nginx 7"  # noqa: S311


def test_a_kill_that_hits_nothing_says_so() -> None:
    def strike(_: random.Random) -> str:
        raise MissedError("no unit nginx runs")

    assert str(kill(Victim("nginx", strike), random.Random(1))) == "nginx: MISSED: no unit nginx runs"  # noqa: S311
