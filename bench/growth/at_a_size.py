"""What grows with the number of objects: listings, deletions, pulls beside a listing, the engine's start, the proof."""

import json
import time
from collections.abc import Sequence
from pathlib import Path

from bench.growth.meter import DOOR, ENGINE, MOST_SECONDS, Measured, Meter, seconds
from bench.page import Target
from rehearsal.age.fill import fill_world
from rehearsal.age.image import manifests
from rehearsal.age.plan import TAGS
from rehearsal.contract import product

PAGE, MOST_OF_BARE = "/v2/_catalog?n=100", 1.2
LISTING_CLIENTS, PULLS, PULLING_CLIENTS = 4, 400, 8
# Repositories with 5,000 tags; each is used up by one deletion.
TAGGED, DELETED_TAGS = "zz-tagged/{}", 5_000
DELETION, HANG_UP_SECONDS = f"deletion of a digest among {DELETED_TAGS:,} tags", 0.5
PULLS_SCRIPT = Path(__file__).with_name("pulls.bash")


def listings(meter: Meter, largest: str, what: str) -> Measured:
    """Each as "seconds, S3 requests", through the door and beside it at the bare engine. `what` is the bucket."""
    asked = {
        "what the watch asks: `_catalog?n=1&last=~`": ("/v2/_catalog?n=1&last=~", (DOOR, ENGINE)),
        "`_catalog?n=100`": (PAGE, (DOOR, ENGINE)),
        "`_catalog?n=1000`": ("/v2/_catalog?n=1000", (DOOR,)),
        "`_catalog?n=10000`": ("/v2/_catalog?n=10000", (DOOR, ENGINE)),
    }
    if largest:
        asked["`tags/list?n=100` of the largest"] = (f"/v2/{largest}/tags/list?n=100", (DOOR, ENGINE))
        asked["`tags/list` of the largest"] = (f"/v2/{largest}/tags/list", (DOOR, ENGINE))
    rows = {}
    page: dict[str, float] = {}
    for name, (path, places) in asked.items():
        for place in places:
            cost = meter.ask(path, at=place)
            answer = "" if cost.status in ("200", "timeout") else f" (HTTP {cost.status})"
            rows[f"{name}, {place}"] = cost.cells() + answer
            if path == PAGE:
                page[place] = cost.seconds
    return rows, [Target(f"`_catalog?n=100`, {what}: seconds against bare", MOST_OF_BARE, [page[DOOR] / page[ENGINE]])]


def work(meter: Meter) -> Measured:
    """What the host does by itself, as "seconds, S3 requests"."""
    with meter.measured() as start:
        meter.run("docker", "restart", "--time", "1", product.CONTAINER)
        while meter.ask("/v2/", at=ENGINE).status != "200":
            time.sleep(0.1)
    return {
        "start of the engine": start.cells(),
        "the proof at deploy": meter.run(product.PROVE).cells(),
        "`diagnose`": meter.run(product.DIAGNOSE).cells(),
    }, ()


def deletions(meter: Meter) -> Measured:
    """The seconds of a deletion by digest, the S3 requests, and how many of its tags still name it."""
    ways = [(place, limit) for place in (DOOR, ENGINE) for limit in (MOST_SECONDS, HANG_UP_SECONDS)]
    names = [TAGGED.format(number) for number in range(len(ways))]
    fill_world(meter.world, dict.fromkeys(names, -(-DELETED_TAGS // TAGS)))
    rows = {}
    took: dict[str, float] = {}
    dangling: list[float] = []
    for (place, limit), name in zip(ways, names, strict=True):
        (image,) = manifests(name, 0)
        hangs_up = limit == HANG_UP_SECONDS
        path = f"/v2/{name}/manifests/sha256:{image.blob.digest}"
        asked = meter.ask(path, "--request", "DELETE", at=place, limit=limit)
        left = _tags_left(meter, name, image.tags, wait_seconds=40 if hangs_up else 0)
        if not hangs_up:
            took[place] = asked.seconds
        if place == DOOR:
            dangling.append(left)
        what = f"{DELETION}, {place}" + (f", the client hangs up after {HANG_UP_SECONDS} s" if hangs_up else "")
        rows[what] = ("" if hangs_up else f"{asked.cells()}; ") + f"{left} of its {TAGS} tags dangle"
    return rows, [
        Target(f"{DELETION}: seconds against bare", MOST_OF_BARE, [took[DOOR] / took[ENGINE]]),
        Target(f"{DELETION}: tags that dangle, client stays and hangs up", 0, dangling),
    ]


def pulls(meter: Meter, largest: str) -> Measured:
    """Manifests by tag from the largest repository: alone, and while clients list all its tags again and again."""
    return {
        f"pulls of manifests by tag, {PULLING_CLIENTS} clients": _pulls(meter, largest, 0),
        f"the same while {LISTING_CLIENTS} clients list the tags": _pulls(meter, largest, LISTING_CLIENTS),
    }, ()


def is_tagged(repository: str) -> bool:
    """Whether the repository is one of those that deletions() used up."""
    return repository.startswith(TAGGED.format(""))


def _pulls(meter: Meter, largest: str, listing_clients: int) -> str:
    numbers = map(str, (listing_clients, PULLS, PULLING_CLIENTS))
    argv = ("bash", "-s", meter.world.domain, product.PROOF_LOGIN, largest, *numbers)
    done = meter.on_host(*argv, stdin=PULLS_SCRIPT.read_text())
    *lines, last = done.stdout.splitlines()
    pulled = sorted(float(line.split()[1]) for line in lines if line.startswith("200 "))
    failed = len(lines) - len(pulled)
    rate = 1000 * len(pulled) / float(last.split()[1])
    p99 = seconds(pulled[int(0.99 * len(pulled))]) if pulled else "-"
    return f"{rate:.0f}/s, p99 {p99}" + (f", {failed} failed" if failed else "")


def _tags_left(meter: Meter, repository: str, tags: Sequence[str], wait_seconds: float) -> int:
    """How many of the tags are there, at last or as soon as none is."""
    deadline = time.monotonic() + wait_seconds
    while True:
        said = meter.on_host("curl", "--silent", f"http://{product.REGISTRY_ON_HOST}/v2/{repository}/tags/list").stdout
        left = len(set(tags) & set(json.loads(said)["tags"]))
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(1)
