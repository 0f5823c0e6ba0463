"""Health checks of a registry that is old and well, alone or while clients pull and push.

Mails arrive only after `python -m rehearsal mail --confirm`.
"""

import statistics
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.growth.meter import Cost, Measured, Meter
from bench.incidents import Incidents
from bench.page import Target
from rehearsal.contract import product
from rehearsal.contract.tick_result import TickResult
from rehearsal.machine.root_layers import Say

LOAD_SCRIPT = Path(__file__).with_name("load.bash")


def ticks(meter: Meter, count: int, what: str, say: Say, *, load: str) -> Measured:
    """The function's milliseconds and the S3 requests, medians. `load` is the repository that is pulled meanwhile."""
    incidents = Incidents()
    mails = len(incidents.subjects())
    results: list[TickResult] = []
    costs: list[Cost] = []
    with _clients(meter, load):
        for _ in range(count):
            with meter.measured() as cost:
                results.append(incidents.tick())
            costs.append(cost)
    unwell = [each for each in results if not each.result or each.result["cause"]]
    for each in unwell[:3]:
        say(f"not well: {each.result or each.error}")
    repairs = sum(len((each.result or {}).get("repairs", ())) for each in results)
    milliseconds = [each.duration_milliseconds or 0 for each in results]
    # The clients' own requests cannot be told from the check's.
    s3, aws = ("-", "-") if load else (f"{statistics.median(each.s3 for each in costs):.0f}", _aws(costs))
    row = f"{statistics.median(milliseconds):.0f} ms (at most {max(milliseconds):.0f}), {s3}; other AWS: {aws}"
    name = f"health tick, {count} times" + (", clients pull and push" if load else "")
    found = [len(unwell), repairs, len(incidents.subjects(mails))]
    return {name: row}, [Target(f"{name}, {what}: causes, repairs, mails", 0, found)]


def _aws(costs: list[Cost]) -> str:
    return f"{statistics.median(each.aws for each in costs):.0f}"


@contextmanager
def _clients(meter: Meter, repository: str) -> Iterator[None]:
    """Clients that pull from the repository and push, until the end of the block; none without a repository."""
    if not repository:
        yield
        return
    argv = [
        "bash",
        "-c",
        LOAD_SCRIPT.read_text(),
        "load",
        meter.world.domain,
        product.PROOF_LOGIN,
        repository,
        product.PROVE,
    ]
    command = meter.world.host_command(meter.world.hosts()[-1], argv)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as clients:
        yield
        # The script ends with its standard input.
        clients.communicate()
