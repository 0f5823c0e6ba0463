"""Making the layers of a root file system, each once: kept in the cache under a digest of what went into it."""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rehearsal.error import RehearsalError
from rehearsal.machine.layers import Stack, run_in
from rehearsal.machine.workplace import Workplace, remove_tree

Say = Callable[[str], None]

ROOTS_KEPT = 3
CHROOT_ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
    "DEBIAN_FRONTEND": "noninteractive",
}


class RootError(RehearsalError):
    """A root could not be made; the text is the output of the command that failed."""


@dataclass(frozen=True, slots=True)
class Root:
    """Layers of a root file system, the topmost first; `key` names everything that went into them."""

    name: str
    key: str
    layers: tuple[Path, ...]

    def with_layer(self, layer: Path, name: str, key: str) -> "Root":
        return Root(name, key, (layer, *self.layers))


def digest(*parts: str | bytes) -> str:
    """Of the parts as a list: where one ends and the next begins counts."""
    total = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else part.encode()
        total.update(len(data).to_bytes(8, "big") + data)
    return total.hexdigest()[:16]


def contents(paths: Iterable[Path]) -> tuple[bytes, ...]:
    return tuple(path.read_bytes() for path in paths)


def tree_contents(directory: Path) -> tuple[bytes, ...]:
    files = sorted(path for path in directory.rglob("*") if path.is_file())
    return tuple(part for path in files for part in (str(path.relative_to(directory)).encode(), path.read_bytes()))


def place_of(workplace: Workplace, name: str, key: str) -> Path:
    return workplace.cache / "roots" / f"{name}-{key}"


def made(workplace: Workplace, name: str, key: str, make: Callable[[Path], None], say: Say) -> Path:
    """The cached directory. It is made elsewhere and renamed, so one that exists is complete."""
    place = place_of(workplace, name, key)
    place.parent.mkdir(parents=True, exist_ok=True)
    with (place.parent / f".{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if place.is_dir():
            os.utime(place)
            return place
        say(f"making the {name} root file system …")
        for unfinished in place.parent.glob(f".{name}-*.making"):
            remove_tree(unfinished)
        draft = place.parent / f".{name}-{key}.making"
        root = draft / "root"
        root.mkdir(parents=True, mode=0o755)
        make(root)
        # A copied tree has the date of its source.
        os.utime(root)
        root.rename(place)
        remove_tree(draft)
        newest = sorted(place.parent.glob(f"{name}-*"), key=lambda path: path.stat().st_mtime, reverse=True)
        for old in newest[ROOTS_KEPT:]:
            remove_tree(old)
    return place


def run_to_layer(below: Root, layer: Path, commands: Sequence[Sequence[str]], *, keep_lists: bool = False) -> None:
    """Run the commands by chroot above `below`; `layer` gets their changes."""
    scratch = layer.with_name(f"{layer.name}.scratch")
    policy, work, at = (scratch / name for name in ("policy", "work", "at"))
    for directory in (work, at):
        directory.mkdir(parents=True)
    # Packages ask this program before they start a service. It is in a layer below, so nothing of it stays.
    program = policy / "usr/sbin/policy-rc.d"
    program.parent.mkdir(parents=True)
    shutil.copyfile(Path(__file__).with_name("policy-rc.d"), program)
    program.chmod(0o755)
    stack = Stack(tuple(map(str, (policy, *below.layers))), str(layer), str(work), str(at))
    for command in commands:
        done = run_in(stack, command, CHROOT_ENVIRONMENT)
        if done.returncode != 0:
            raise RootError(f"{' '.join(command)} failed in {below.name}:\n{done.stdout}{done.stderr}")
        # An overlay mounted volatile refuses to be mounted again until this mark is gone.
        shutil.rmtree(work / "work/incompat", ignore_errors=True)
    remove_tree(scratch)
    (layer / "etc/resolv.conf").unlink(missing_ok=True)
    if not keep_lists:
        remove_tree(layer / "var/lib/apt/lists")
