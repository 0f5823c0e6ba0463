"""The clients' commands, and where they run."""

import shlex
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

SCRIPTS = tuple(Path(__file__).with_name(name) for name in ("docker.bash", "chunks.bash"))
# A person gives up then, and begins again.
STUCK_SECONDS = 90


@dataclass(frozen=True, slots=True)
class Tool:
    """The commands of a client, with {layout}, {reference} and {contents} to be filled in. One that makes the manifest
    by itself says its digest last."""

    name: str
    push: str
    pull: str
    makes_manifest: bool = False


# --retry-times is what podman and buildah do by default.
SKOPEO = Tool(
    "skopeo",
    "skopeo copy --quiet --retry-times 3 oci:{layout}:image docker://{reference}",
    "skopeo copy --quiet --retry-times 3 --preserve-digests docker://{reference} oci:{layout}",
)
CRANE = Tool("crane", "crane push {layout} {reference}", "crane pull --format=oci {reference} {layout}")
DOCKER = Tool(
    "docker",
    "bash docker.bash push {layout} {reference}",
    "bash docker.bash pull {reference} {contents}",
    makes_manifest=True,
)
# Layers in several requests, which the others do not do.
CHUNKS = Tool("curl, in chunks", "bash chunks.bash {layout} {reference}", CRANE.pull)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the clients are: ``command`` makes the machine's command of a client's, which runs in ``folder``."""

    registry: str
    folder: Path
    command: Callable[[Sequence[str]], list[str]]

    def run(self, line: str) -> str:
        """Returns the output. Raises ClientError: it failed, or was stuck."""
        argv = ("timeout", "--kill-after=5", str(STUCK_SECONDS), *shlex.split(line))
        done = subprocess.run(self.command(argv), capture_output=True, text=True, input="")
        if done.returncode:
            said = " ".join(f"{done.stdout} {done.stderr}".split())
            raise ClientError(f"stuck for {STUCK_SECONDS} s" if done.returncode in (124, 137) else said[-400:])
        return done.stdout


class ClientError(Exception):
    """A client's command failed; the text is what it said."""
