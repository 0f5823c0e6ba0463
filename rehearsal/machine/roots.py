"""Debian root file systems: a directory each, and layers above it.

`base` stands for a cloud image on its first boot; `internet` holds the stand-ins' programs.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rehearsal.machine.root_layers import Root, RootError, Say, contents, digest, made, run_to_layer, tree_contents
from rehearsal.machine.workplace import Workplace

# Debian 12 and 13. Hosts can be of either, everything else is of the newest.
RELEASES = ("bookworm", "trixie")
RELEASE = RELEASES[-1]
DEBIAN_RELEASES = frozenset({"bullseye", "bookworm", "trixie", "forky", "oldstable", "stable", "testing"})
MACHINE_CERTIFICATES = Path("/usr/local/share/ca-certificates")
IMAGE_FILES = Path(__file__).with_name("ami")
BASE_PACKAGES = (
    "ca-certificates", "cloud-init", "cron", "curl", "dbus", "iproute2", "iputils-ping", "less",
    "libpam-systemd", "locales", "logrotate", "netbase", "openssl", "procps", "python3",
    "sudo", "systemd", "systemd-sysv", "tzdata", "udev", "unattended-upgrades",
)  # fmt: skip
INTERNET_PACKAGES = ("awscli", "curl", "dnsmasq-base", "docker-cli", "libfaketime", "nginx-light", "openssl", "skopeo")
# This machine's, and a DHCP client: cloud-init would wait half a minute for an answer to it.
UNWANTED_FILES = ("etc/hostname", "etc/resolv.conf", "usr/sbin/dhcpcd", "usr/sbin/dhclient")


@dataclass(frozen=True, slots=True)
class Mirror:
    """The addresses of Debian and of its security updates."""

    debian: str
    security: str

    def sources(self, release: str) -> tuple[str, ...]:
        return (
            f"deb {self.debian} {release} main",
            f"deb {self.debian} {release}-updates main",
            f"deb {self.security} {release}-security main",
        )


@cache
def machine_mirror() -> Mirror:
    """Where this machine's own apt gets Debian from, or Debian's public mirror on another distribution."""
    columns = "$(REPO_URI) $(CODENAME) $(COMPONENT)"
    command = ["apt-get", "indextargets", "--format", columns, "Created-By: Packages"]
    return choose_mirror(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def choose_mirror(listing: str) -> Mirror:
    """The first mirrors with Debian's main component among lines of address, codename and component."""
    found: dict[str, str] = {}
    for line in listing.splitlines():
        uri, codename, component = line.split()
        release, _, pocket = codename.partition("-")
        if not uri.startswith(("http://", "https://")) or component != "main" or release not in DEBIAN_RELEASES:
            continue
        uri = uri.rstrip("/")
        if pocket == "security" or (pocket == "" and uri.endswith("/debian")):
            found.setdefault(pocket, uri)
    return Mirror(
        found.get("", "http://deb.debian.org/debian"), found.get("security", "http://deb.debian.org/debian-security")
    )


def base(workplace: Workplace, say: Say, release: str = RELEASE) -> Root:
    """As a cloud image has it, with this machine's own authorities."""
    sources = machine_mirror().sources(release)
    certificates = sorted(MACHINE_CERTIFICATES.glob("**/*.crt"))
    key = digest(
        release, *BASE_PACKAGES, *UNWANTED_FILES, *sources, *contents(certificates), *tree_contents(IMAGE_FILES)
    )

    def make(directory: Path) -> None:
        _bootstrap(directory, release, sources)
        _install_certificates(directory, certificates)
        shutil.copytree(IMAGE_FILES, directory, dirs_exist_ok=True)
        for unwanted in UNWANTED_FILES:
            (directory / unwanted).unlink(missing_ok=True)

    name = f"{release}-base"
    return Root(name, key, (made(workplace, name, key, make, say),))


def internet(workplace: Workplace, say: Say, extra_packages: Sequence[str] = ()) -> Root:
    """The root that stand-ins run in, by chroot; ``extra_packages`` are programs that could not be built."""
    below = base(workplace, say)
    return with_packages(workplace, below, "internet", {*INTERNET_PACKAGES, *extra_packages}, say)


def with_packages(workplace: Workplace, below: Root, name: str, packages: Iterable[str], say: Say) -> Root:
    """`below` and these packages, none of their services started."""
    packages = sorted(packages)
    key = digest(below.key, *packages)
    install = ["apt-get", "install", "--yes", "--quiet", "--no-install-recommends", *packages]

    def make(directory: Path) -> None:
        run_to_layer(below, directory, (["apt-get", "update", "--quiet"], install, ["apt-get", "clean"]))

    return below.with_layer(made(workplace, name, key, make, say), name, key)


def trust_layer(workplace: Workplace, root: Root, certificate: Path) -> Path:
    """A layer, in the run directory, with which a root trusts this authority as its owner would have it."""
    layer = Path(tempfile.mkdtemp(prefix="trust-", dir=workplace.run))
    layer.chmod(0o755)
    place = layer / "usr/local/share/ca-certificates/rehearsal.crt"
    place.parent.mkdir(parents=True)
    shutil.copyfile(certificate, place)
    run_to_layer(root, layer, (["update-ca-certificates"],))
    return layer


def _bootstrap(directory: Path, release: str, sources: Sequence[str]) -> None:
    command = [
        # Its mounts and processes die with it, and it with this process.
        "setpriv", "--pdeathsig", "KILL",
        "unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
        "mmdebstrap", "--quiet", "--mode=root", "--variant=apt", f"--include={','.join(BASE_PACKAGES)}",
        "--dpkgopt=force-unsafe-io", "--keyring=/usr/share/keyrings/debian-archive-keyring.gpg",
        release, str(directory), *sources,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise RootError(f"mmdebstrap of {release} failed:\n{done.stderr.strip()}")


def _install_certificates(directory: Path, certificates: Sequence[Path]) -> None:
    place = directory / "usr/local/share/ca-certificates"
    for certificate in certificates:
        shutil.copyfile(certificate, place / certificate.name)
    subprocess.run(["chroot", str(directory), "update-ca-certificates"], check=True, capture_output=True)
