"""Clients that log in, push and pull in the rehearsal that is up.

podman, buildah and skopeo come from Debian. oras and helm are built from their Go modules. docker and containerd are
the host's own.
"""

import argparse
import shutil
from collections.abc import Callable
from pathlib import Path

from bench import page
from bench.page import Target
from rehearsal.machine import parts
from rehearsal.machine.oci_layout import pack, write_image
from rehearsal.machine.parts import Recipe
from rehearsal.machine.registry_image import architecture
from rehearsal.machine.roots import Say
from rehearsal.machine.workplace import Workplace
from rehearsal.outside.client import CommandFailedError
from rehearsal.outside.world import World

DEBIAN = ("buildah", "podman", "skopeo")
BUILT = (
    Recipe("oras", "oras.land/oras/cmd/oras", "v1.3.6"),
    Recipe("helm", "helm.sh/helm/v4/cmd/helm", "v4.3.1"),
)
IN_THE_CLIENTS_ROOT = {
    "skopeo": "--version",
    "podman": "--version",
    "buildah": "--version",
    "crane": "version",
    "oras": "version",
    "helm": "version --short",
}
ON_THE_HOST = {"docker": "--version", "containerd": "--version"}
SCRIPT = Path(__file__).with_suffix(".bash")

Run = Callable[..., str]


def prepare(workplace: Workplace, world: World, say: Say) -> None:
    client = world.client()
    client.run("apt-get", "update", "--quiet")
    client.run(
        "apt-get", "install", "--yes", "--quiet", "--no-install-recommends", *DEBIAN, timeout_seconds=600
    )
    # podman looks for control groups, even without containers.
    client.run("sh", "-c", "mountpoint -q /sys || mount -t sysfs -o ro sysfs /sys")
    root = Path(f"/proc/{world.keeper_pid}/root{world.state['client_root']}")
    for recipe in BUILT:
        part = parts.prepare(workplace, recipe, say)
        if part.path:
            shutil.copy(part.path, root / "usr/local/bin" / recipe.name)
    # Left by an earlier run.
    shutil.rmtree(client.work / "image", ignore_errors=True)
    write_image(
        client.work / "image", pack({"payload": b"bench/clients"}), architecture=architecture(), config={}
    )
    shutil.copy(SCRIPT, client.work)


def measure(arguments: argparse.Namespace, say: Say) -> bool:
    """Returns whether each client worked."""
    workplace = Workplace.of_this_machine()
    world = World.running(workplace)
    prepare(workplace, world, say)
    client, host = world.client(), world.hosts()[-1]

    def as_client(*argv: str) -> str:
        return client.run(*argv).stdout

    def on_host(*argv: str) -> str:
        done = world.run_on_host(host, *argv, stdin=SCRIPT.read_text())
        if done.returncode:
            raise CommandFailedError(f"{argv[-1]}: exit code {done.returncode}\n{done.stderr}")
        return done.stdout

    def works(run: Run, script: str, name: str) -> bool:
        try:
            run("env", f"PASSWORD={world.password()}", "bash", script, world.domain, name)
        except CommandFailedError as failed:
            say(str(failed))
            return False
        return True

    rows = []
    worked = []
    for run, script, clients in (
        (as_client, f"/work/{SCRIPT.name}", IN_THE_CLIENTS_ROOT),
        (on_host, "/dev/stdin", ON_THE_HOST),
    ):
        for name, option in clients.items():
            worked.append(works(run, script, name))
            version = run(name, *option.split()).splitlines()[0].strip()
            rows.append([name, version, "logs in, pushes, pulls" if worked[-1] else "FAILED"])
            say(" | ".join(rows[-1]))
    target = Target(
        "clients that log in, push and pull", 100, [100 * sum(worked) / len(worked)], at_least=True, unit=" %"
    )
    sections = {"Each client": page.table(("client", "version", ""), rows)}
    return page.report(arguments.output, "clients", sections, [target])
