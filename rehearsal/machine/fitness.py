"""Whether this machine can run a rehearsal, and the few packages that a rehearsal installs itself."""

import ipaddress
import json
import os
import platform
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from rehearsal.error import RehearsalError
from rehearsal.machine.workplace import OUTSIDE_LINK, Workplace, cgroup_hierarchies

# Program or file -> the package of Debian and Ubuntu that brings it
PACKAGES = {
    "mmdebstrap": "mmdebstrap",
    "systemd-nspawn": "systemd-container",
    "slirp4netns": "slirp4netns",
    "ip": "iproute2",
    "nft": "nftables",
    "conntrack": "conntrack",
    "openssl": "openssl",
    # For the sources of versitygw
    "patch": "patch",
    "/usr/sbin/mkfs.ext4": "e2fsprogs",
    # Ubuntu's apt knows Ubuntu's keys alone
    "/usr/share/keyrings/debian-archive-keyring.gpg": "debian-archive-keyring",
    "/etc/ssl/certs/ca-certificates.crt": "ca-certificates",
}
OUTSIDE_RANGE = ipaddress.ip_network("10.77.0.0/24")
FREE_BYTES = 4 * 10**9
CAP_SYS_ADMIN = 21
WITHOUT = (
    "Without a rehearsal these still run: `make lint`, and `make fast` (unit, infrastructure and host tests: "
    "they need neither root nor Linux's namespaces)."
)


class UnfitMachineError(RehearsalError):
    """Lists everything that is missing, and what can still be run."""

    def __init__(self, missing: tuple[str, ...]) -> None:
        lines = "\n".join(f"  - {line}" for line in missing)
        super().__init__(f"This machine cannot run the rehearsal:\n{lines}\n{WITHOUT}")
        self.missing = missing


def make_fit(workplace: Workplace, say: Callable[[str], None]) -> None:
    """Install what apt has. Raises UnfitMachineError: something is missing that only a person can change."""
    if missing := find_missing(workplace):
        raise UnfitMachineError(missing)
    packages = tuple(
        package
        for thing, package in PACKAGES.items()
        if not (Path(thing).exists() if thing.startswith("/") else shutil.which(thing))
    )
    if packages:
        say(f"installing {', '.join(packages)} …")
        install(packages)


def find_missing(workplace: Workplace) -> tuple[str, ...]:
    if platform.system() != "Linux":
        return (f"Linux: its namespaces are what a rehearsal lives in; this is {platform.system()}",)
    return (
        *_missing_rights(),
        *([] if shutil.which("apt-get") else ["apt: Debian 12 or newer, or Ubuntu 24.04 or newer (no apt-get found)"]),
        *_missing_kernel_parts(),
        *missing_range(_routes()),
        *_missing_space(workplace),
    )


def install(packages: tuple[str, ...]) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    wait = ("-o", "DPkg::Lock::Timeout=300")
    install_them = ["apt-get", *wait, "install", "--yes", "--quiet", "--no-install-recommends", *packages]
    for command in (["apt-get", *wait, "update", "--quiet"], install_them):
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        if done.returncode != 0:
            output = (done.stdout + done.stderr).strip()
            raise UnfitMachineError((f"{' '.join(packages)}: `{' '.join(command)}` failed:\n{output}",))


def missing_range(routes: tuple[Mapping[str, str], ...]) -> tuple[str, ...]:
    """Routes as `ip -json route` gives them; our own link's, left by a crash, does not count."""
    return tuple(
        f"{OUTSIDE_RANGE} free for the Elastic IPs: this machine has a route to {route['dst']} "
        f"by {route.get('dev', 'no interface')}"
        for route in routes
        if route.get("dev") != OUTSIDE_LINK
        and route["dst"] != "default"
        and ipaddress.ip_network(route["dst"], strict=False).overlaps(OUTSIDE_RANGE)
    )


def _routes() -> tuple[Mapping[str, str], ...]:
    if not shutil.which("ip"):
        return ()
    listing = subprocess.run(["ip", "-json", "-4", "route"], check=True, capture_output=True, text=True).stdout
    return tuple(json.loads(listing or "[]"))


def _missing_rights() -> list[str]:
    if os.geteuid() != 0:
        return [f"root: run it with sudo (now user {os.geteuid()})"]
    status = Path("/proc/self/status").read_text()
    effective = next(line.split()[1] for line in status.splitlines() if line.startswith("CapEff:"))
    if not int(effective, 16) >> CAP_SYS_ADMIN & 1:
        return ["the right to make namespaces and mounts (CAP_SYS_ADMIN): root lacks it here, as in a container"]
    return []


def _missing_kernel_parts() -> list[str]:
    found = []
    try:
        os.close(os.open("/dev/net/tun", os.O_RDWR))
    except OSError as error:
        found.append(f"/dev/net/tun, the world's way to the internet: {error.strerror} (try `modprobe tun`)")
    if not _has_overlay():
        found.append("the overlay file system, of which hosts are made: not in this kernel")
    if not Path("/dev/loop-control").exists():
        found.append("/dev/loop-control, for the hosts' disks: not there (try `modprobe loop`)")
    if not cgroup_hierarchies():
        found.append("control groups for the hosts' systemd: nothing is mounted on /sys/fs/cgroup")
    return found


def _has_overlay() -> bool:
    if "overlay" in Path("/proc/filesystems").read_text().split():
        return True
    if shutil.which("modprobe") is None:
        return False
    return subprocess.run(["modprobe", "overlay"], capture_output=True).returncode == 0


def _missing_space(workplace: Workplace) -> list[str]:
    found = []
    for directory in (workplace.cache, workplace.run):
        existing = next(path for path in (directory, *directory.parents) if path.exists())
        free = shutil.disk_usage(existing).free
        if free < FREE_BYTES:
            found.append(f"{FREE_BYTES / 1e9:g} GB free for {directory}: {free / 1e9:.1f} GB are")
    return found
