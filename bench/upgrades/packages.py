"""Upgrades of the host's packages while clients push and pull: each package is installed again, as an upgrade would."""

import time
from collections.abc import Mapping

from bench import page
from bench.page import Target
from bench.rolling import operations
from bench.rolling.subject import SETTLING_SECONDS, WORKERS, await_end, done_by, forget, prepare, start
from bench.upgrades import slow_push
from rehearsal.contract import product
from rehearsal.faults import fault
from rehearsal.machine.root_layers import Say
from rehearsal.story.step import Story

PACKAGES = ("nginx", "nginx-common", "libnginx-mod-http-js", "docker.io", "containerd", "runc", "libssl3t64")
PATIENCE_SECONDS = 60
# For a command that downloads, or waits for clients.
LONGEST_SECONDS = 400
# What packages ask before they restart a service.
POLICY = "/usr/sbin/policy-rc.d"


def reinstalled(story: Story, say: Say) -> tuple[Mapping[str, str], list[Target]]:
    prepare(story.world, story.client, say)
    host = fault.Target.newest(story.world)
    download = ("install", "--reinstall", "--download-only", "--yes", "--quiet", *PACKAGES)
    for command in (("update", "--quiet"), download):
        host.do("apt-get", *command, timeout_seconds=LONGEST_SECONDS)
    host.do("mv", POLICY, f"{POLICY}.away")
    rows = [_under_load(story, "as the packages have it")]
    host.do("mv", f"{POLICY}.away", POLICY)
    rows.append(_under_load(story, "as the product has it"))
    for row in rows:
        say(" | ".join(row))
    exchanged = _exchange(story, say)
    header = (
        *("upgrade", "seconds", "nginx was restarted", "a push of one layer that lasts 20 s"),
        *("pushes and pulls", "under way", "failed", "slowest, s"),
    )
    targets = [Target("upgrade of packages: pushes and pulls that failed", 0, [int(rows[-1][-2])])]
    return {"Packages upgraded under load": f"{page.table(header, rows)}\n\n{exchanged}"}, targets


def _under_load(story: Story, what: str) -> list[str]:
    forget(story.client)
    running = {worker: start(story.world, story.client, *worker) for worker in WORKERS}
    slow = slow_push.begin(story)
    time.sleep(SETTLING_SECONDS)
    host = fault.Target.newest(story.world)
    before, began = _nginx(host), time.time()
    environment = ("env", "DEBIAN_FRONTEND=noninteractive", "NEEDRESTART_MODE=a")
    install = ("apt-get", "install", "--reinstall", "--yes", "--quiet", *PACKAGES)
    host.do(*environment, *install, timeout_seconds=LONGEST_SECONDS)
    ended, after = time.time(), _nginx(host)
    push = slow_push.outcome(slow)
    time.sleep(SETTLING_SECONDS)
    await_end(story.client, running.values(), PATIENCE_SECONDS)
    done = [each for worker, process in running.items() for each in done_by(story.client, *worker, process)]
    moments = [began + step * (ended - began) / 10 for step in range(11)]
    return [
        what,
        f"{ended - began:.0f}",
        "no" if before == after else "yes",
        push,
        str(len(done)),
        str(operations.under_way(done, moments)),
        str(operations.failed(done) + operations.stuck(done) + (slow.returncode != 0)),
        page.number(operations.slowest(done)),
    ]


def _exchange(story: Story, say: Say) -> str:
    """No client is at work any more, but for one that looks at a manifest over new connections."""
    host = fault.Target.newest(story.world)
    before = _nginx(host)
    (story.client.work / "stop").unlink()
    looks = start(story.world, story.client, "curl", "look")
    began = time.monotonic()
    host.do("systemctl", "start", product.MAINTENANCE, timeout_seconds=LONGEST_SECONDS)
    seconds = time.monotonic() - began
    time.sleep(SETTLING_SECONDS)
    (story.client.work / "stop").touch()
    looks.wait()
    seen = done_by(story.client, "curl", "look", looks)
    said = host.do("journalctl", f"--unit={product.MAINTENANCE}", "--output=cat", "--lines=20")
    say(said)
    told = [line for line in said.splitlines() if "replaced" in line]
    main = host.do("systemctl", "show", "--property=MainPID", "--property=ActiveState", product.NGINX)
    return (
        f"Then `registry-maintenance` waited for the clients' end and exchanged nginx: {'; '.join(told)}. "
        f"It took {seconds:.0f} s, process {before} became {_nginx(host)} ({' '.join(main.split())}). "
        f"Meanwhile curl read a manifest {len(seen)} times over new connections: {operations.failed(seen)} failed, "
        f"the longest gap was {operations.longest_gap(seen):.2f} s."
    )


def _nginx(host: fault.Target) -> str:
    return host.do("cat", "/run/nginx.pid").strip()
