"""Clients that log in, push and pull in the rehearsal that is up.

podman, buildah and skopeo come from Debian. oras, helm and cosign are built from their Go modules, and notation is its
library with a main function. docker and containerd are the host's own.
"""

import argparse
import shutil
from pathlib import Path

from bench import page
from bench.door.setups import build
from bench.page import Target
from rehearsal.machine import parts
from rehearsal.machine.oci_layout import pack, write_image
from rehearsal.machine.parts import Recipe
from rehearsal.machine.registry_image import architecture
from rehearsal.machine.root_layers import Say
from rehearsal.machine.workplace import Workplace
from rehearsal.outside.client import CommandFailedError
from rehearsal.outside.world import World

DEBIAN = ("skopeo", "podman", "buildah")
BUILT = (
    Recipe("oras", "oras.land/oras/cmd/oras", "v1.3.6"),
    Recipe("helm", "helm.sh/helm/v4/cmd/helm", "v4.3.1"),
    Recipe("cosign", "github.com/sigstore/cosign/v2/cmd/cosign", "v2.6.5"),
)
NOTATION = "notation"
IN_THE_CLIENTS_ROOT = (*DEBIAN, "crane", *(recipe.name for recipe in BUILT), NOTATION)
ON_THE_HOST = ("docker", "dockerd", "containerd")
AS_WELL = {
    "skopeo": ", copies an image with a layer that is kept elsewhere",
    "crane": ", copies an image with a layer that is kept elsewhere",
    "docker": ", reads such an image and pushes an index of it",
    "dockerd": " with containerd's image store, and a tag's new image right after its push",
    "cosign": ", signs an image and verifies the signature",
    "notation": ", signs an image twice at the same time and verifies both signatures",
    "oras": ", finds both of two attachments that were pushed at the same time",
}
SCRIPT = Path(__file__).with_suffix(".bash")


def prepare(workplace: Workplace, world: World, say: Say) -> None:
    client = world.client()
    client.run("apt-get", "update", "--quiet")
    client.run("apt-get", "install", "--yes", "--quiet", "--no-install-recommends", *DEBIAN, timeout_seconds=600)
    # podman looks for control groups, even without containers.
    client.run("sh", "-c", "mountpoint -q /sys || mount -t sysfs -o ro sysfs /sys")
    root = Path(f"/proc/{world.keeper_pid}/root{world.state.client_root}")
    for recipe in BUILT:
        part = parts.prepare(workplace, recipe, say)
        if part.path:
            shutil.copy(part.path, root / "usr/local/bin" / recipe.name)
    shutil.copy(build(workplace, NOTATION, say), root / "usr/local/bin" / NOTATION)
    # Left by an earlier run.
    shutil.rmtree(client.work / "image", ignore_errors=True)
    write_image(client.work / "image", pack({"payload": b"bench/clients"}), architecture=architecture(), config={})
    shutil.copy(SCRIPT, client.work)


def measure(arguments: argparse.Namespace, say: Say) -> bool:
    """Returns whether each client worked."""
    workplace = Workplace.of_this_machine()
    world = World.running(workplace)
    prepare(workplace, world, say)
    rows = []
    for name in (*IN_THE_CLIENTS_ROOT, *ON_THE_HOST):
        try:
            rows.append([name, version_of_working(world, name), f"logs in, pushes, pulls{AS_WELL.get(name, '')}"])
        except CommandFailedError as failed:
            say(str(failed))
            rows.append([name, "", "FAILED"])
        say(" | ".join(rows[-1]))
    worked = 100 * sum(row[2] != "FAILED" for row in rows) / len(rows)
    target = Target("clients that log in, push and pull", 100, [worked], at_least=True, unit=" %")
    sections = {"Each client": page.table(("client", "version", ""), rows)}
    return page.report(arguments.output, "clients", sections, [target])


def version_of_working(world: World, name: str) -> str:
    """Raises:
    CommandFailedError: the client does not work.
    """
    password = f"PASSWORD={world.password()}"
    if name in IN_THE_CLIENTS_ROOT:
        done = world.client().run("env", password, "bash", f"/work/{SCRIPT.name}", world.domain, name)
        return done.stdout.strip()
    argv = ("env", password, "bash", "-s", world.domain, name)
    done = world.run_on_host(world.hosts()[-1], *argv, stdin=SCRIPT.read_text())
    if done.returncode:
        raise CommandFailedError(f"{name}: exit code {done.returncode}\n{done.stderr}")
    return done.stdout.strip()
