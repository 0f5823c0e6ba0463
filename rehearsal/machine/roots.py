"""Debian 13 root file systems, made once by what goes into them and kept in the cache.

`base` stands for a cloud image on its first boot; `internet` holds the stand-ins' programs; `golden` is
`base` after the product's own installation, so that later rehearsals boot in seconds. The first is a
directory, the others are layers above it.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rehearsal.machine.layers import Stack, run_in
from rehearsal.machine.workplace import Workplace, remove_tree

Say = Callable[[str], None]

RELEASE = "trixie"
MACHINE_CERTIFICATES = Path("/usr/local/share/ca-certificates")
IMAGE_FILES = Path(__file__).with_name("ami")
ROOTS_KEPT = 3
# fmt: off
BASE_PACKAGES = (
    "ca-certificates", "cloud-init", "cron", "curl", "dbus", "iproute2", "iputils-ping", "less",
    "libpam-systemd", "locales", "logrotate", "netbase", "openssl", "procps", "python3",
    "sudo", "systemd", "systemd-sysv", "tzdata", "udev", "unattended-upgrades",
)
# fmt: on
INTERNET_PACKAGES = (
    "awscli",
    "curl",
    "dnsmasq-base",
    "docker-cli",
    "libfaketime",
    "nginx-light",
    "openssl",
    "skopeo",
)
# This machine's, and a DHCP client: cloud-init would wait half a minute for an answer to it.
UNWANTED_FILES = ("etc/hostname", "etc/resolv.conf", "usr/sbin/dhcpcd")
DEBIAN_RELEASES = frozenset({"bullseye", "bookworm", "trixie", "forky", "oldstable", "stable", "testing"})
CHROOT_ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
    "DEBIAN_FRONTEND": "noninteractive",
}


class RootError(Exception):
    pass


@dataclass(frozen=True, slots=True)
class Root:
    """Layers of a root file system, the topmost first; `key` names everything that went into them."""

    name: str
    key: str
    layers: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Mirror:
    debian: str
    security: str

    @property
    def sources(self) -> tuple[str, ...]:
        return (
            f"deb {self.debian} {RELEASE} main",
            f"deb {self.debian} {RELEASE}-updates main",
            f"deb {self.security} {RELEASE}-security main",
        )


def base(workplace: Workplace, say: Say) -> Root:
    mirror = machine_mirror()
    certificates = sorted(MACHINE_CERTIFICATES.glob("**/*.crt"))
    key = digest(
        RELEASE,
        *BASE_PACKAGES,
        *UNWANTED_FILES,
        *mirror.sources,
        *contents(certificates),
        *tree_contents(IMAGE_FILES),
    )

    def make(directory: Path) -> None:
        _bootstrap(directory, mirror)
        _install_certificates(directory, certificates)
        shutil.copytree(IMAGE_FILES, directory, dirs_exist_ok=True)
        for unwanted in UNWANTED_FILES:
            (directory / unwanted).unlink(missing_ok=True)

    path = _made(workplace, "base", key, make, say)
    return Root("base", key, (path,))


def internet(workplace: Workplace, say: Say, extra_packages: Sequence[str] = ()) -> Root:
    """What the stand-ins run in, by chroot; extra_packages: parts only Debian has."""
    below = base(workplace, say)
    return with_packages(workplace, below, "internet", {*INTERNET_PACKAGES, *extra_packages}, say)


def with_packages(workplace: Workplace, below: Root, name: str, packages: Iterable[str], say: Say) -> Root:
    """`below` and these packages, none of their services started."""
    packages = sorted(packages)
    key = digest(below.key, *packages)
    install = ["apt-get", "install", "--yes", "--quiet", "--no-install-recommends", *packages]

    def make(directory: Path) -> None:
        _run_to_layer(below, directory, (["apt-get", "update", "--quiet"], install, ["apt-get", "clean"]))

    return _above(below, _made(workplace, name, key, make, say), name, key)


def golden(workplace: Workplace, userdata: Path, say: Say) -> Root:
    """Where `base` after `userdata/install` is kept, or will be: make_golden() makes it."""
    below = base(workplace, say)
    inputs = (userdata / "install", *sorted(userdata.rglob("*requirements*.txt")))
    key = digest(below.key, *contents(inputs))
    return _above(below, _place(workplace, "golden", key), "golden", key)


def make_golden(workplace: Workplace, userdata: Path, say: Say) -> None:
    """Run `userdata/install` above `base`, no service started. Its services do start with the host, which those
    of a fresh image do not: at least one run must install on `base`.
    """
    below = base(workplace, say)

    def make(directory: Path) -> None:
        inside = Path("opt/registry")
        shutil.copytree(userdata, directory / inside)
        _run_to_layer(below, directory, ([f"/{inside}/install"], ["apt-get", "clean"]))
        # The host brings its own copy, from the deployed asset.
        for brought in sorted(userdata.rglob("*"), reverse=True):
            there = directory / inside / brought.relative_to(userdata)
            if brought.is_file():
                there.unlink(missing_ok=True)
            elif there.is_dir() and not any(there.iterdir()):
                there.rmdir()

    _made(workplace, "golden", golden(workplace, userdata, say).key, make, say)


def stocked(workplace: Workplace, userdata: Path, say: Say) -> Root:
    """`base` with the packages of the product's installation downloaded and none of them installed: what an
    installation costs apart from the network.
    """
    below = base(workplace, say)
    make_golden(workplace, userdata, say)
    finished = golden(workplace, userdata, say)
    key = digest(finished.key)
    packages = sorted(installed_packages(finished.layers[0]) - installed_packages(below.layers[0]))
    download = [
        "apt-get",
        "install",
        "--yes",
        "--quiet",
        "--no-install-recommends",
        "--download-only",
        *packages,
    ]

    def make(directory: Path) -> None:
        _run_to_layer(below, directory, (["apt-get", "update", "--quiet"], download), keep_lists=True)

    return _above(below, _made(workplace, "stocked", key, make, say), "stocked", key)


def trust_layer(workplace: Workplace, root: Root, certificate: Path) -> Path:
    """A layer, in the run directory, with which a root trusts this authority as its owner would have it."""
    layer = Path(tempfile.mkdtemp(prefix="trust-", dir=workplace.run))
    layer.chmod(0o755)
    place = layer / "usr/local/share/ca-certificates/rehearsal.crt"
    place.parent.mkdir(parents=True)
    shutil.copyfile(certificate, place)
    _run_to_layer(root, layer, (["update-ca-certificates"],))
    return layer


def machine_mirror() -> Mirror:
    """Where this machine's own apt gets Debian from, or Debian's public one on another distribution."""
    listing = subprocess.run(
        [
            "apt-get",
            "indextargets",
            "--format",
            "$(REPO_URI) $(CODENAME) $(COMPONENT)",
            "Created-By: Packages",
        ],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return choose_mirror(listing)


def choose_mirror(listing: str) -> Mirror:
    debian, security = "http://deb.debian.org/debian", "http://deb.debian.org/debian-security"
    found_debian = found_security = False
    for line in listing.splitlines():
        uri, codename, component = line.split()
        release, _, pocket = codename.partition("-")
        if (
            not uri.startswith(("http://", "https://"))
            or component != "main"
            or release not in DEBIAN_RELEASES
        ):
            continue
        uri = uri.rstrip("/")
        if pocket == "" and uri.endswith("/debian") and not found_debian:
            debian, found_debian = uri, True
        if pocket == "security" and not found_security:
            security, found_security = uri, True
    return Mirror(debian, security)


def digest(*parts: str | bytes) -> str:
    total = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else part.encode()
        total.update(len(data).to_bytes(8, "big") + data)
    return total.hexdigest()[:16]


def contents(paths: Iterable[Path]) -> tuple[bytes, ...]:
    return tuple(path.read_bytes() for path in paths)


def installed_packages(root: Path) -> frozenset[str]:
    found = set()
    for entry in (root / "var/lib/dpkg/status").read_text().split("\n\n"):
        lines = [line for line in entry.splitlines() if not line.startswith(" ")]
        fields = dict(line.split(": ", 1) for line in lines if ": " in line)
        if fields.get("Status") == "install ok installed":
            found.add(fields["Package"])
    return frozenset(found)


def tree_contents(directory: Path) -> tuple[bytes, ...]:
    files = sorted(path for path in directory.rglob("*") if path.is_file())
    return tuple(
        part for path in files for part in (str(path.relative_to(directory)).encode(), path.read_bytes())
    )


def _above(below: Root, layer: Path, name: str, key: str) -> Root:
    return Root(name, key, (layer, *below.layers))


def _place(workplace: Workplace, name: str, key: str) -> Path:
    return workplace.cache / "roots" / f"{name}-{key}"


def _made(workplace: Workplace, name: str, key: str, make: Callable[[Path], None], say: Say) -> Path:
    """The cached directory, made in another and renamed, so that one that exists is whole."""
    place = _place(workplace, name, key)
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
        root.rename(place)
        remove_tree(draft)
        newest = sorted(place.parent.glob(f"{name}-*"), key=lambda path: path.stat().st_mtime, reverse=True)
        for old in newest[ROOTS_KEPT:]:
            remove_tree(old)
    return place


def _bootstrap(directory: Path, mirror: Mirror) -> None:
    # fmt: off
    command = [
        # Its mounts and processes die with it, and it with this process.
        "setpriv", "--pdeathsig", "KILL",
        "unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
        "mmdebstrap", "--quiet", "--mode=root", "--variant=apt", f"--include={','.join(BASE_PACKAGES)}",
        "--dpkgopt=force-unsafe-io", "--keyring=/usr/share/keyrings/debian-archive-keyring.gpg",
        RELEASE, str(directory), *mirror.sources,
    ]
    # fmt: on
    done = subprocess.run(command, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise RootError(f"mmdebstrap from {mirror.debian} failed:\n{done.stderr.strip()}")


def _install_certificates(directory: Path, certificates: Sequence[Path]) -> None:
    place = directory / "usr/local/share/ca-certificates"
    for certificate in certificates:
        shutil.copyfile(certificate, place / certificate.name)
    subprocess.run(["chroot", str(directory), "update-ca-certificates"], check=True, capture_output=True)


def _run_to_layer(
    below: Root, layer: Path, commands: Sequence[Sequence[str]], *, keep_lists: bool = False
) -> None:
    """Run the commands by chroot above `below`; `layer` becomes what they changed."""
    scratch = layer.with_name(f"{layer.name}.scratch")
    policy, work, at = (scratch / name for name in ("policy", "work", "at"))
    for directory in (work, at):
        directory.mkdir(parents=True)
    _forbid_services(policy)
    stack = Stack(
        layers=tuple(str(path) for path in (policy, *below.layers)),
        upper=str(layer),
        work=str(work),
        at=str(at),
    )
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


def _forbid_services(policy: Path) -> None:
    """Packages ask this program before they start a service. A layer below: nothing of it stays."""
    program = policy / "usr/sbin/policy-rc.d"
    program.parent.mkdir(parents=True)
    shutil.copyfile(Path(__file__).with_name("policy-rc.d"), program)
    program.chmod(0o755)
