"""A sync of many users: requests to Parameter Store and seconds, for the first time and when nothing has changed."""

import time
from collections.abc import Mapping

from bench.growth.meter import Cost, Meter, seconds
from rehearsal.contract import product

NUMBERS = (200, 1_000)
# bcrypt of cost 4, so that what is measured are the requests: a hash is taken as it is.
HASH = "$2y$04$abcdefghijklmnopqrstuuO3Yb2b6jL1Zc8x0p5vM1r8sYy0l3q9W"


def syncs(meter: Meter) -> Mapping[str, str]:
    """Adds the users, syncs, and deletes them again."""
    ssm, domain = meter.world.aws("ssm"), meter.world.domain
    names: list[str] = []
    rows = {}
    for number in NUMBERS:
        for each in range(len(names), number):
            names.append(product.user_parameter(domain, f"user-{each:04}", access="pull"))
            ssm.put_parameter(Name=names[-1], Value=HASH, Type="SecureString")
        # The events of the new parameters have begun syncs of their own.
        _sync(meter)
        meter.run("rm", "--force", product.KNOWN_USERS)
        rows[f"sync of {number:,} new users"] = _told(_sync(meter))
        rows[f"sync of {number:,} known users"] = _told(_sync(meter))
    for start in range(0, len(names), 10):
        ssm.delete_parameters(Names=names[start : start + 10])
    return rows


def _sync(meter: Meter) -> Cost:
    """The cost of a sync that read Parameter Store itself, and did not leave that to another one."""
    while True:
        with meter.measured() as cost:
            said = meter.on_host(product.SYNC_USERS).stdout
        if "joined=" not in said:
            return cost
        time.sleep(1)


def _told(cost: Cost) -> str:
    return f"{seconds(cost.seconds)}, {cost.aws} requests to AWS"
