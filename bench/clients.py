#!/usr/bin/env python3
"""Which clients log in, push and pull: each one that can be had here, against the rehearsal that is up.

podman and buildah come from Debian, oras and helm are built from their Go modules; docker and containerd are the
host's own. Prints a Markdown table with the versions; exit code 0 if each one worked.
"""

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from rehearsal.machine import parts
from rehearsal.outside.client import CommandFailedError
from rehearsal.machine.oci_layout import REFERENCE, pack, write_image
from rehearsal.machine.parts import Recipe
from rehearsal.machine.registry_image import architecture
from rehearsal.machine.workplace import Workplace
from rehearsal.outside.world import World

DEBIAN = ("buildah", "podman", "skopeo")
BUILT = (
    Recipe("oras", "oras.land/oras/cmd/oras", "v1.3.6"),
    Recipe("helm", "helm.sh/helm/v4/cmd/helm", "v4.3.1"),
)
# With files of its own, and no containers to run: these clients are only to push and pull.
CONTAINERS = "--root /srv/containers --runroot /srv/containers-run --storage-driver vfs"

# Name -> how it tells its version, and a line that fails unless all of it works. {r} is the registry, the password
# is on standard input of each login.
LINES = {
    "skopeo": ("skopeo --version", "{p} | skopeo login -u {u} --password-stdin {r} && skopeo copy oci:image:{t}"
               " docker://{r}/by/skopeo:1 && skopeo copy docker://{r}/by/skopeo:1 oci:skopeo-pulled:1"),
    "podman": ("podman --version", "{p} | podman {c} login -u {u} --password-stdin {r} && podman {c} pull"
               " oci:image:{t} -q > podman-id && podman {c} push $(cat podman-id) {r}/by/podman:1 &&"
               " podman {c} rmi -af > podman-removed && podman {c} pull {r}/by/podman:1"),
    "buildah": ("buildah --version", "{p} | buildah {c} login -u {u} --password-stdin {r} && buildah {c} pull -q"
                " oci:image:{t} > buildah-id && buildah {c} push $(cat buildah-id) docker://{r}/by/buildah:1 &&"
                " buildah {c} rmi -af && buildah {c} pull {r}/by/buildah:1"),
    "crane": ("crane version", "{p} | crane auth login -u {u} --password-stdin {r} && crane copy {r}/by/skopeo:1"
              " {r}/by/crane:1 && crane pull {r}/by/crane:1 crane.tar && crane ls {r}/by/crane"),
    "oras": ("oras version | sed -n 1p", "{p} | oras login -u {u} --password-stdin {r} && echo hello > hello.txt &&"
             " oras push {r}/by/oras:1 hello.txt && rm hello.txt && oras pull {r}/by/oras:1 && grep hello hello.txt"),
    "helm": ("helm version --short", "{p} | helm registry login -u {u} --password-stdin {r} && rm -rf chart && helm create chart &&"
             " helm package chart && helm push chart-0.1.0.tgz oci://{r}/by && rm chart-0.1.0.tgz &&"
             " helm pull oci://{r}/by/chart --version 0.1.0 && test -s chart-0.1.0.tgz"),
}  # fmt: skip
ON_THE_HOST = {
    "docker": ("docker --version", "{p} | docker login -u {u} --password-stdin {r} && docker pull -q {r}/by/skopeo:1 &&"
               " docker tag {r}/by/skopeo:1 {r}/by/docker:1 && docker push -q {r}/by/docker:1 &&"
               " docker rmi {r}/by/docker:1 {r}/by/skopeo:1 && docker pull -q {r}/by/docker:1"),
    "containerd (ctr)": ("containerd --version", "ctr images pull --user {u}:$({p}) {r}/by/skopeo:1 && ctr images tag"
                         " {r}/by/skopeo:1 {r}/by/ctr:1 && ctr images push --user {u}:$({p}) {r}/by/ctr:1"),
}  # fmt: skip


def prepare(workplace: Workplace, world: World) -> None:
    client = world.client()
    client.run("apt-get", "update", "--quiet")
    client.run("apt-get", "install", "--yes", "--quiet", "--no-install-recommends", *DEBIAN, timeout_seconds=600)
    # podman looks for control groups, also where it is to run nothing.
    client.run("sh", "-c", "mountpoint -q /sys || mount -t sysfs -o ro sysfs /sys")
    root = Path(f"/proc/{world.keeper_pid}/root{world.state['client_root']}")
    for recipe in BUILT:
        part = parts.prepare(workplace, recipe, lambda text: print(text, file=sys.stderr))
        if part.path:
            shutil.copy(part.path, root / "usr/local/bin" / recipe.name)
    # A second try begins anew.
    shutil.rmtree(client.work / "image", ignore_errors=True)
    write_image(
        client.work / "image", pack({"payload": b"bench/clients"}), architecture=architecture(), config={}
    )


def tried(world: World) -> Iterator[tuple[str, str, str]]:
    """Name, version, and how it went."""
    client, host = world.client(), world.hosts()[-1]
    (client.work / "password").write_text(world.password())
    words = {"r": world.domain, "u": "admin", "t": REFERENCE, "c": CONTAINERS}

    def as_client(line: str) -> str:
        return client.shell(line).stdout.strip()

    def on_host(line: str) -> str:
        done = world.run_on_host(host, "bash", "-o", "pipefail", "-c", line)
        if done.returncode:
            raise CommandFailedError(f"{line}: exit code {done.returncode}\n{done.stderr}")
        return done.stdout.strip()

    def row(name: str, run: Callable[[str], str], version: str, line: str, password: str) -> tuple[str, str, str]:
        try:
            run(line.format(p=password, **words))
        except CommandFailedError as failed:
            print(failed, file=sys.stderr)
            return name, run(version), "FAILED"
        return name, run(version), "logs in, pushes, pulls"

    for name, (version, line) in LINES.items():
        yield row(name, as_client, version, line, "cat /work/password")
    secret = f"printf %s '{world.password()}'"
    for name, (version, line) in ON_THE_HOST.items():
        yield row(name, on_host, version, line, secret)


def main() -> int:
    workplace = Workplace.of_this_machine()
    world = World.running(workplace)
    prepare(workplace, world)
    print("| client | version | |\n|---|---|---|")
    good = True
    for name, version, result in tried(world):
        good = good and result != "FAILED"
        print(f"| {name} | {version} | {result} |", flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
