"""Another version of the registry by `cdk deploy`, with a client that pulls all the time."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from bench import page
from bench.deaths.belongings import moves
from bench.page import Target
from rehearsal.contract import product
from rehearsal.machine import parts
from rehearsal.machine.oci_layout import REFERENCE, pack, write_image
from rehearsal.machine.registry_image import RUN, architecture
from rehearsal.machine.root_layers import Say
from rehearsal.machine.workplace import Workplace
from rehearsal.outside.cdk import CdkFailedError
from rehearsal.story.deploying import LONGEST_OUTAGE_SECONDS, Pulls
from rehearsal.story.images import pulls_work
from rehearsal.story.step import Story, expect

OLDER = "3.0.0"
SERVE = ["/bin/registry", "serve"]
# Where the world's image registry listens, beside its public name.
OFFERED_AT = "127.0.0.1:5001"
# No address moves: a pull that waits has another reason.
PATIENCE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Broken:
    """An image that cannot serve, and the words with which the host's log must tell why."""

    tag: str
    told: str
    config: Mapping[str, Any] | None


BROKEN = {
    "its program ends at once": Broken(
        "ends-at-once", "does not answer on 127.0.0.1:5000", {"Entrypoint": ["/bin/registry", "no-such-command"]}
    ),
    "it listens elsewhere": Broken(
        "elsewhere",
        "does not answer on 127.0.0.1:5000",
        {"Entrypoint": SERVE, "Env": ["PATH=/bin", "REGISTRY_HTTP_ADDR=127.0.0.1:5999"]},
    ),
    "its program is missing": Broken("no-program", "cannot be started", {"Entrypoint": ["/bin/none"]}),
    "there is no such tag": Broken("no-such-tag", "cannot be had", None),
}


def there_and_back(story: Story, say: Say) -> tuple[Mapping[str, str], list[Target]]:
    _offer(story, say, OLDER, {"Entrypoint": SERVE, "Env": ["PATH=/bin"]})
    rows, outages, failed = [], [], 0
    for tag in (OLDER, product.registry_image().rpartition(":")[2]):
        before = _serving(story)
        began = time.monotonic()
        with Pulls(lambda: pulls_work(story)) as pulls:
            story.cdk.deploy(registry_image=_reference(tag))
        seconds = time.monotonic() - began
        after = _serving(story)
        outages.append(pulls.longest_outage_seconds)
        failed += pulls.failures
        rows.append(
            [
                *(before[1], after[1], f"{seconds:.0f}", "another host" if before[0] != after[0] else "THE SAME HOST"),
                *(str(pulls.attempts), str(pulls.failures), f"{pulls.longest_outage_seconds:.1f}"),
            ]
        )
        say(" | ".join(rows[-1]))
        expect(tag in after[1], f"the version {tag}", after[1])
    header = ("from", "to", "cdk deploy, s", "served by", "pulls", "failed", "longest outage, s")
    target = Target("another version and back: longest outage of pulls", LONGEST_OUTAGE_SECONDS, outages, unit=" s")
    return {"Another version of the registry, and back": page.table(header, rows)}, [target]


def that_cannot_serve(story: Story, say: Say) -> tuple[Mapping[str, str], list[Target]]:
    rows, failures = [], 0
    for what, broken in BROKEN.items():
        if broken.config is not None:
            _offer(story, say, broken.tag, broken.config)
        before, moved = _serving(story), moves(story.world)
        began = time.monotonic()
        with Pulls(lambda: pulls_work(story, PATIENCE_SECONDS)) as pulls:
            try:
                story.cdk.deploy(registry_image=_reference(broken.tag))
                ended = "SUCCEEDED"
            except CdkFailedError as error:
                ended = "failed" if "FAILURE signal" in str(error) else "failed without the host's signal"
        seconds = time.monotonic() - began
        same = "yes" if _serving(story) == before and moves(story.world) == moved else "NO"
        said = _said(story, broken)
        failures += pulls.failures
        rows.append([what, ended, f"{seconds:.0f}", same, str(pulls.attempts), str(pulls.failures), said])
        say(" | ".join(rows[-1]))
    began = time.monotonic()
    story.cdk.deploy(**product.another_user_data(int(time.time())))
    good = f"The next good deployment took {time.monotonic() - began:.0f} s."
    header = (
        "the image",
        "cdk deploy",
        "seconds",
        "the old host serves on, with the address",
        "pulls",
        "failed",
        "the host's log",
    )
    told = sum(row[1] == "failed" and row[3] == "yes" and "NOTHING" not in row[6] for row in rows)
    targets = [
        Target("versions that cannot serve: refused, told why, the old host kept", len(rows), [told], at_least=True),
        Target("pulls that failed during refused versions", 0, [failures]),
    ]
    return {"Versions that cannot serve": f"{page.table(header, rows)}\n\n{good}"}, targets


def _offer(story: Story, say: Say, tag: str, config: Mapping[str, Any]) -> None:
    """An image of the older version's program, in the world's image registry."""
    recipe = replace(parts.REGISTRY, version=f"v{OLDER}", debian=None)
    program = parts.prepare(Workplace.of_this_machine(), recipe, say)
    if program.path is None:
        raise RuntimeError(f"{program} has no program")
    files = {"bin/registry": program.path.read_bytes(), "etc/ssl/certs/ca-certificates.crt": b""}
    layout = story.client.work / f"registry-{tag}"
    if not layout.exists():
        write_image(layout, pack(files), architecture=architecture(), config={**RUN, **config})
    repository = product.registry_image().partition("/")[2].partition(":")[0]
    target = f"docker://{OFFERED_AT}/{repository}:{tag}"
    story.client.run("skopeo", "copy", "--dest-tls-verify=false", f"oci:{layout.name}:{REFERENCE}", target)


def _reference(tag: str) -> str:
    return f"{product.registry_image().rpartition(':')[0]}:{tag}"


def _serving(story: Story) -> tuple[str, str]:
    """The one host, and what its registry says of its version."""
    (host,) = story.world.hosts()
    said = story.world.run_on_host(host, "docker", "exec", product.CONTAINER, "/bin/registry", "--version")
    return host.id, said.stdout.strip().rpartition(" ")[2]


def _said(story: Story, broken: Broken) -> str:
    lines = story.client.shell(story.outputs[product.OUTPUT_HOST_LOG]).stdout.splitlines()
    # The host's last word; the lines after it are those of its steps.
    found = [line for line in lines if " failed after " in line and broken.told in line]
    return found[-1].partition(": ")[2].strip().replace("|", "/") if found else "NOTHING of it"
