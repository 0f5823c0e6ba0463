"""Looks for secret values in what a host keeps, shows and lets others read.

Sent to the host's own python3 on standard input, with the values after it: neither is ever an argument, which the
process list and the journal would show. The standard library alone.
"""

import os
import pathlib
import pwd
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

# A user id without files and without groups.
STRANGER = 65533
# Everything but what packages bring and the container engine's own, which only root may enter.
OPEN_TO_OTHERS = ("/etc", "/home", "/opt", "/run", "/srv", "/tmp", "/var", "/dev/shm")  # noqa: S108
FROM_PACKAGES = ("/var/cache", "/var/lib/apt", "/var/lib/dpkg")

Content = tuple[str, bytes]


def search(forms: dict[str, list[str]], *, control: str, container: str, from_packages: str) -> dict[str, Any]:
    """``forms``: what each value may look like, by its name. ``control`` is a file that must have one of them: a
    search that does not find it there finds nothing anywhere. ``from_packages`` is a folder that has none. Returns
    how many contents each place had, which names were found where, and which in the control."""
    places: dict[str, Callable[[], Iterator[Content]]] = {
        "log files": lambda: files("/var/log"),
        "journal": lambda: output("journalctl", "--no-pager", "--all", "--output=export"),
        "cloud-init's files": lambda: files("/var/lib/cloud", "/run/cloud-init"),
        "command lines": lambda: of_processes("cmdline", with_root=True),
        "environments": lambda: of_processes("environ", with_root=False),
        "docker inspect": lambda: output("docker", "inspect", container),
        "docker logs": lambda: output("docker", "logs", container),
        "what others can see": lambda: as_stranger(from_packages),
    }
    counts = dict.fromkeys(places, 0)
    found = []
    for place, contents in places.items():
        for where, content in contents():
            counts[place] += 1
            found += [[place, where, name] for name in named_in(content, forms)]
    in_control = named_in(pathlib.Path(control).read_bytes(), forms)
    return {"counts": counts, "found": found, "control": in_control}


def named_in(content: bytes, forms: dict[str, list[str]]) -> list[str]:
    return [name for name, looks in forms.items() if any(look.encode() in content for look in looks)]


def files(*folders: str, without: tuple[str, ...] = ()) -> Iterator[Content]:
    """The regular files below the folders, as far as this process can see them; links are not followed."""
    for top in folders:
        for folder, below, names in os.walk(top):
            below[:] = [name for name in below if f"{folder}/{name}" not in without]
            for name in names:
                path = pathlib.Path(folder, name)
                try:
                    if path.is_file() and not path.is_symlink():
                        yield str(path), path.read_bytes()
                except FileNotFoundError:
                    continue
                except OSError:
                    # Its name can be seen all the same.
                    yield str(path), b""


def as_stranger(*without: str) -> Iterator[Content]:
    """What any user of the host can read, and names of files that they can list: a cache's may tell its keys."""
    os.setgroups([])
    os.setegid(STRANGER)
    os.seteuid(STRANGER)
    try:
        for path, content in files(*OPEN_TO_OTHERS, without=(*FROM_PACKAGES, *without)):
            yield path, path.encode() + b"\n" + content
    finally:
        os.seteuid(0)
        os.setegid(0)


def of_processes(what: str, *, with_root: bool) -> Iterator[Content]:
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            owner = process.stat().st_uid
            content = (process / what).read_bytes()
            name = (process / "comm").read_text().strip()
        except OSError:
            # It has ended in the meantime.
            continue
        if (with_root or owner) and content:
            yield f"{name} of {user(owner)}", content


def user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def output(*command: str) -> Iterator[Content]:
    done = subprocess.run(command, capture_output=True)
    if done.returncode == 0:
        yield " ".join(command), done.stdout + done.stderr
