"""A model of the whole: no repair makes a working registry worse.

First every cause with every pair of looks and every history; then a thousand registries that are slow, not down.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import product
from random import Random
from typing import Any

import pytest

from lambdas.aws.hosts import Hosts
from lambdas.aws.state_store import recall
from lambdas.check_health import HealthCheckError, check
from lambdas.judge.causes import CAUSES, Cause, RepairStep
from lambdas.judge.diagnosis import Diagnosis
from lambdas.judge.evidence import Evidence, InsideSays, OutsideSays, judge_pull
from lambdas.judge.incident import NOT_DONE, Incident, Repair
from lambdas.judge.memory import HealthMemory
from lambdas.judge.repair import BETWEEN_REPLACEMENTS, RepairPlan, interrupts, plan_repair
from lambdas.judge.sight import FEWEST_FACTS
from lambdas.see.facts import Facts
from lambdas.see.http_answer import NO_ANSWER_IN_TIME, Answer
from lambdas.see.probe import ANSWER_SECONDS, CLIENT_SECONDS, Outside, Pull
from lambdas.see.run_command import Delivery, Reply
from tests.support.fake_aws import ENVIRONMENT, FakeAws, refusal
from tests.support.well_registry import HOST, MANIFEST, NOW, WELCOME, WELL_FACTS, WELL_OUTSIDE, answered, lines

TICK = timedelta(minutes=5)
DEGRADATIONS, TICKS = 1000, 6

AGREEING = {
    (outside, inside)
    for outside in (OutsideSays.REFUSED, OutsideSays.SILENT)
    for inside in (InsideSays.AGREES, InsideSays.GONE, InsideSays.UNREADABLE)
} - {(OutsideSays.SILENT, InsideSays.UNREADABLE)}


def histories(cause: Cause) -> Iterator[HealthMemory]:
    made = [cause.repairs[:count] for count in range(len(cause.repairs) + 1)]
    replaced = (None, NOW - timedelta(hours=1), NOW - timedelta(days=2))
    for steps, stopped, failures, at, other, helped in product(
        made, (False, True), (1, 2, 99), replaced, (False, True), (False, True)
    ):
        repairs = tuple(Repair(step, NOW - TICK, "repaired nothing") for step in steps)
        if stopped:
            repairs += (Repair(RepairStep.SERVICE, NOW - TICK, NOT_DONE),)
        incident = Incident(NOW - timedelta(days=3), failures, cause.id, is_down=True, repairs=repairs)
        replaced_for = ("unexplained" if other else cause.id) if at else ""
        yield HealthMemory(NOW, incident, None, at, HOST, None, replaced_for, helped)


def plans(cause: Cause) -> Iterator[tuple[Evidence, HealthMemory, RepairPlan]]:
    for outside, inside in product(OutsideSays, InsideSays):
        evidence = Evidence(outside, inside)
        diagnosis = Diagnosis(cause, (), is_down=True, evidence=evidence)
        for history in histories(cause):
            if plan := plan_repair(history, diagnosis, NOW, lambda: Hosts((HOST,))):
                yield evidence, history, plan


@pytest.mark.parametrize("cause", CAUSES.values(), ids=list(CAUSES))
def test_no_repair_of_any_cause_interrupts_without_two_looks_that_agree(cause: Cause) -> None:
    for evidence, history, plan in plans(cause):
        assert plan.interrupts == interrupts(cause, plan.step)
        assert not plan.interrupts or (evidence.outside, evidence.inside) in AGREEING
        assert history.incident.failures >= 2
        assert plan.step not in {each.step for each in history.incident.repairs if each.was_done}
        if plan.step == RepairStep.INSTANCE:
            assert plan.interrupts
            assert plan.host == HOST
            assert not (history.replaced_for == cause.id and not history.replacement_helped)
            assert history.replaced_at is None or NOW - history.replaced_at >= BETWEEN_REPLACEMENTS


@pytest.mark.parametrize("cause", CAUSES.values(), ids=list(CAUSES))
def test_every_step_of_every_cause_is_made_where_both_looks_agree(cause: Cause) -> None:
    agreed = {plan.step for evidence, _, plan in plans(cause) if evidence.inside != InsideSays.UNREADABLE}
    assert agreed == set(cause.repairs)


@dataclass(frozen=True, slots=True)
class Seconds:
    """How long each part takes."""

    handshake: float = 0.05
    door: float = 0.01
    password: float = 0.3
    registry: float = 0.01
    s3: float = 0.03
    listing: float = 0.05

    @property
    def login(self) -> float:
        return self.handshake + self.door + self.password + self.registry

    @property
    def manifest(self) -> float:
        """Its tag's link and its content."""
        return self.login + 2 * self.s3

    def times(self, factor: float) -> "Seconds":
        return Seconds(*(getattr(self, name) * factor for name in Seconds.__slots__))

    @property
    def serves(self) -> bool:
        """Docker waits for a handshake for 10 seconds, for the answer to a login for 15, and for a manifest longer."""
        return self.handshake < 10 and self.login < CLIENT_SECONDS


def within(limit: float, seconds: float, answer: Answer) -> Answer:
    return answer if seconds < limit else Answer(problem=NO_ANSWER_IN_TIME)


def pulled(seconds: Seconds) -> Pull:
    return Pull(within(CLIENT_SECONDS, seconds.login, WELCOME), within(CLIENT_SECONDS, seconds.manifest, MANIFEST))


def seen_outside(seconds: Seconds) -> Outside:
    listed = seconds.login + seconds.listing
    return replace(
        WELL_OUTSIDE,
        anonymous=within(ANSWER_SECONDS, seconds.handshake + seconds.door, WELL_OUTSIDE.anonymous or WELCOME),
        catalog=within(ANSWER_SECONDS, listed, WELL_OUTSIDE.catalog or WELCOME),
        pull=pulled(seconds),
    )


def seen_inside(random: Random, seconds: Seconds) -> Facts:
    """As `diagnose` looks, with its time-outs; any fact may be late besides."""

    def status(limit: float, took: float, well: str) -> str:
        return well if took < limit else "timeout"

    known: dict[str, Any] = {
        "door": status(8, seconds.handshake + seconds.door, "401"),
        "login": status(8, seconds.login, "200"),
        "engine": status(8, seconds.registry, "200"),
        "catalog": 200 if seconds.registry + seconds.listing < 12 else None,
        "s3": "ok" if seconds.s3 < 4 else "unreachable",
        "memory_available_percent": random.choice((60, 30, 5, 2)),
        "slow_listings": random.choice((0, 0, 2, 40)),
        "longest_listing_seconds": random.randrange(11, 300),
        "registry_restarts": random.choice((0, 7)),
    }
    share_late = random.choice((0, 0, 0.1, 0.7))
    late = [name for name in Facts.__slots__ if random.random() < share_late]
    return replace(WELL_FACTS, **known | dict.fromkeys(late))


def degradation(random: Random) -> Seconds:
    """One slow part, or all of them; near a time-out, far below, or far beyond. Clients are served all the same."""
    while True:
        factor = random.choice((0.2, 0.8, 0.95, 1.05, 1.5, 3, 20)) * random.uniform(0.9, 1.1)
        limit = random.choice((4, 8, 10, 12, 15))
        slow = random.choice((*Seconds.__slots__, "all"))
        seconds = Seconds().times(limit * factor) if slow == "all" else replace(Seconds(), **{slow: limit * factor})
        if seconds.serves:
            return seconds


class Degraded(FakeAws):
    """A registry that is slow in another way at each look. What is asked again is a client, and is served."""

    def __init__(self, random: Random) -> None:
        super().__init__()
        self.random, self.base = random, degradation(random)

    def look(self, *_arguments: object) -> Outside:
        # A look may be unlucky where clients are not.
        return seen_outside(self.base.times(self.random.choice((0.5, 1, 1, 2, 5))))

    def ask_again(self, *_arguments: object) -> Pull:
        self.asked_again += 1
        return pulled(self.base)

    def diagnose(self) -> Reply:
        chance = self.random.random()
        if chance < 0.1:
            return Reply(self.random.choice([each for each in Delivery if each != Delivery.ANSWERED]))
        if chance < 0.15:
            raise refusal("AccessDeniedException")
        facts = seen_inside(self.random, self.base.times(self.random.choice((0.5, 1, 2, 5))))
        return answered(lines(facts))

    def ring(self, _ssm: object, _doorbell: object, verb: str, **_wait: float) -> Reply:
        return self.diagnose() if verb == "diagnose" else super().ring(_ssm, _doorbell, verb, **_wait)


def run(aws: Degraded, now: datetime) -> None:
    calls: dict[str, Any] = {"ring": aws.ring, "look": aws.look, "ask_again": aws.ask_again}
    try:
        check(now, ENVIRONMENT, aws.clients, record=aws.record, **calls)
    except HealthCheckError:
        return


def test_a_thousand_degradations_with_clients_served_bring_no_interrupting_repair() -> None:
    stopped = silent = 0
    for seed in range(DEGRADATIONS):
        random = Random(seed)  # noqa: S311
        aws = Degraded(random)
        silent += judge_pull(pulled(aws.base.times(5))) == OutsideSays.SILENT
        for number in range(TICKS):
            now = NOW + number * TICK
            run(aws, now)
            memory = recall(aws.clients.s3, ENVIRONMENT.health_object, HealthMemory, now).memory
            cause = CAUSES.get(memory.incident.cause_id)
            for repair in memory.incident.repairs:
                if repair.at == now and repair.was_done:
                    assert cause
                    assert not interrupts(cause, repair.step), (seed, number, cause.id, repair)
        assert aws.autoscaling.unhealthy == []
        stopped += aws.asked_again
    # The model is hard enough: looks did fail, and the last look was needed.
    assert silent > DEGRADATIONS / 20
    assert stopped > 0


def test_the_model_knows_a_host_whose_diagnosis_is_too_short() -> None:
    random = Random(1)  # noqa: S311
    read = [seen_inside(random, Seconds()) for _ in range(300)]
    assert any(facts.known < FEWEST_FACTS for facts in read)
