"""The image that the product's host pulls: the official image if it can be pulled, else one made of the program."""

import platform
import shutil
import socket
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rehearsal.machine.layers import Stack, run_in
from rehearsal.machine.oci_layout import REFERENCE, pack, write_image
from rehearsal.machine.parts import Part
from rehearsal.machine.root_layers import CHROOT_ENVIRONMENT, Root
from rehearsal.machine.workplace import Workplace

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
# The official image's, but for its shell script, which hands over to the program just so.
RUN = {"Cmd": ["/etc/distribution/config.yml"], "ExposedPorts": {"5000/tcp": {}}}
PULL_TIMEOUT_SECONDS = 120


@dataclass(frozen=True, slots=True)
class RegistryImage:
    """An image in a layout folder, under the name the product asks for, and where it came from."""

    reference: str
    layout: Path
    source: str


def architecture() -> str:
    """This machine's, by the name images have it under."""
    return ARCHITECTURES[platform.machine()]


def prepare(
    workplace: Workplace, reference: str, *, program: Part, root: Root, say: Callable[[str], None]
) -> RegistryImage:
    """The image, in the run directory. ``root`` is the internet root: it has the tools, and Debian's program."""
    if pulled := _pull(workplace, reference, root, say):
        return pulled
    layout = workplace.run / "registry-image"
    layout.mkdir()
    files = {"bin/registry": program.path.read_bytes()} if program.path else _of_debian(program, root)
    # The host puts its own list of trusted authorities here.
    files["etc/ssl/certs/ca-certificates.crt"] = b""
    write_image(
        layout,
        pack(files),
        architecture=architecture(),
        config={**RUN, "Entrypoint": ["/bin/registry", "serve"], "Env": ["PATH=/bin"]},
    )
    return RegistryImage(reference, layout, f"made of {program}")


def _pull(workplace: Workplace, reference: str, root: Root, say: Callable[[str], None]) -> RegistryImage | None:
    """The real image, or None where its registry has no name or does not answer."""
    try:
        socket.getaddrinfo(reference.partition("/")[0], 443)
    except socket.gaierror:
        return None
    say(f"pulling {reference} …")
    with tempfile.TemporaryDirectory(dir=workplace.run) as scratch:
        for name in ("upper/srv", "work", "at"):
            Path(scratch, name).mkdir(parents=True)
        stack = Stack(tuple(map(str, root.layers)), f"{scratch}/upper", f"{scratch}/work", f"{scratch}/at")
        done = run_in(
            stack,
            ["skopeo", "--command-timeout", f"{PULL_TIMEOUT_SECONDS}s", "--insecure-policy", "copy",
             f"docker://{reference}", f"oci:/srv/image:{REFERENCE}"],
            CHROOT_ENVIRONMENT,
        )  # fmt: skip
        if done.returncode:
            say(f"it cannot be had: {done.stderr.strip().splitlines()[-1]}")
            return None
        layout = workplace.run / "registry-image"
        shutil.move(Path(scratch, "upper/srv/image"), layout)
    return RegistryImage(reference, layout, "pulled from upstream")


def _of_debian(program: Part, root: Root) -> dict[str, bytes]:
    """Debian's program with the libraries it is linked to."""
    here = next(layer for layer in root.layers if (layer / f"usr/bin/{program.command}").exists())
    files = {"bin/registry": (here / f"usr/bin/{program.command}").read_bytes()}
    for layer in reversed(root.layers):
        for pattern in ("ld-linux*.so*", "libc.so.6", "libresolv.so.2", "libpthread.so.0"):
            for library in layer.glob(f"usr/lib/*-linux-gnu/{pattern}"):
                folder = "lib64" if library.name.startswith("ld-linux-x86") else "lib"
                files[f"{folder}/{library.name}"] = library.read_bytes()
    return files
