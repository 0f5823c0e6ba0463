"""One throw-away host: a Debian root booted with its own systemd, in the place of an EC2 instance.

Runs inside the world. All of a host is in one folder of the run directory: console.log, and disk/, which only the
world has mounted; disk/upper holds what the host has written (disk/upper/var/log are its logs).
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rehearsal.inside.network import WORLD_ADDRESS, Network
from rehearsal.machine.disk import mount_new_disk
from rehearsal.machine.layers import Stack, mount_stack
from rehearsal.machine.roots import Root
from rehearsal.machine.workplace import Workplace, remove_cgroup, remove_tree

# What systemd-nspawn ends with when its guest asked to be started again
REBOOT_EXIT_CODE = 133
# To process 1 of a guest, from systemd(1)
POWER_OFF_SIGNAL = signal.SIGRTMIN + 4
REBOOT_SIGNAL = signal.SIGRTMIN + 5
START_TIMEOUT_SECONDS = 20
# Overlay does not stack on overlay, so what container engines unpack lives beside the host's own.
ENGINE_FOLDERS = ("docker", "containerd", "containers")
DISK_BYTES = 16 << 30
LOGS = "disk/upper/var/log"


class HostError(Exception):
    pass


@dataclass(frozen=True, slots=True)
class Launch:
    """`trust` is the layer of trust_layer(), the topmost of what the host does not write itself."""

    instance_id: str
    private_ip: str
    mac_address: str
    root: Root
    trust: Path


class Host:
    """`Host.boot` returns as soon as the host has power; `boot_finished` says when its user data has run."""

    def __init__(self, workplace: Workplace, network: Network, launch: Launch) -> None:
        self.instance_id = launch.instance_id
        self.private_ip = launch.private_ip
        self.boots = 0
        self.folder = workplace.run / "hosts" / launch.instance_id
        self._logs = workplace.run / "logs" / launch.instance_id
        self._network = network
        self._namespace = network.attach_host(launch.instance_id, launch.private_ip, launch.mac_address)
        self._cgroups = _make_cgroups(workplace, launch.instance_id)
        self._stack = Stack(
            layers=tuple(str(layer) for layer in (launch.trust, *launch.root.layers)),
            upper=str(self._disk / "upper"),
            work=str(self._disk / "work"),
            at=str(self.folder / "root"),
        )
        self._make_disk()
        self._nspawn: subprocess.Popen[bytes] | None = None
        self._power_wanted = False
        self._supervisor: threading.Thread | None = None

    @classmethod
    def boot(cls, workplace: Workplace, network: Network, launch: Launch) -> "Host":
        host = cls(workplace, network, launch)
        host.start()
        return host

    @property
    def _disk(self) -> Path:
        return self.folder / "disk"

    @property
    def _identity(self) -> Path:
        return self.folder / "uuid"

    @property
    def console(self) -> Path:
        return self.folder / "console.log"

    def start(self) -> None:
        """Give it power: the first time, or again after stop() or cut_power()."""
        if self.is_running():
            raise HostError(f"{self.instance_id} is running already")
        self._power_wanted = True
        self._network.set_power(self.private_ip, on=True)
        self._launch()
        self._supervisor = threading.Thread(target=self._supervise, name=self.instance_id, daemon=True)
        self._supervisor.start()

    def is_running(self) -> bool:
        return self._supervisor is not None and self._supervisor.is_alive()

    @property
    def leader_pid(self) -> int:
        """The host's process 1, by its number in the world."""
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while self.is_running() and time.monotonic() < deadline:
            if self._nspawn is not None and (leader := _leader(self._nspawn.pid)):
                return leader
            time.sleep(0.02)
        raise HostError(f"{self.instance_id} has no process 1; its console ends:\n{self.last_words()}")

    def command(self, argv: Sequence[str], *, timeout_seconds: float | None = None) -> list[str]:
        """See command_on."""
        return command_on(self.leader_pid, argv, timeout_seconds=timeout_seconds)

    def run(
        self, argv: Sequence[str], timeout_seconds: float = 60, *, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Raises subprocess.TimeoutExpired; nothing of the command lives on then."""
        self._wait_for_manager()
        started = time.monotonic()
        done = subprocess.run(
            self.command(argv, timeout_seconds=timeout_seconds),
            check=False,
            capture_output=True,
            text=True,
            errors="replace",
            input=stdin,
            # Above the host's own limit: it ends the command with all that it started.
            timeout=timeout_seconds + 15,
        )
        if done.returncode != 0 and time.monotonic() - started >= timeout_seconds:
            raise subprocess.TimeoutExpired(list(argv), timeout_seconds, done.stdout, done.stderr)
        return done

    def boot_finished(self) -> bool:
        """Whether cloud-init has run everything of this boot, user data included, well or not."""
        if self._nspawn is None or not (leader := _leader(self._nspawn.pid)):
            return False
        # Written last of all, and new with each boot; `cloud-init status --wait` returns too early.
        return os.path.lexists(f"/proc/{leader}/root/run/cloud-init/result.json")

    def wait_until_booted(self, timeout_seconds: float) -> None:
        deadline = time.monotonic() + timeout_seconds
        while not self.boot_finished():
            if not self.is_running():
                raise HostError(f"{self.instance_id} went off; its console ends:\n{self.last_words()}")
            if time.monotonic() > deadline:
                raise HostError(
                    f"{self.instance_id} had not finished its boot after {timeout_seconds:g} s; "
                    f"its console ends:\n{self.last_words()}"
                )
            time.sleep(0.05)

    def boot_result(self) -> tuple[str, tuple[str, ...]]:
        """The datasource that cloud-init used, and its errors. With no metadata service it reports done
        without having run any user data: then the datasource is None's.
        """
        done = self.run(["cat", "/run/cloud-init/result.json"], 10)
        result = json.loads(done.stdout)["v1"]
        return str(result["datasource"]), tuple(str(error) for error in result["errors"])

    def last_words(self, lines: int = 15) -> str:
        with contextlib.suppress(FileNotFoundError):
            return "\n".join(self.console.read_text(errors="replace").splitlines()[-lines:])
        return "(nothing)"

    def reboot(self) -> None:
        """Asks for it and returns; `boots` counts up when the host starts again."""
        os.kill(self.leader_pid, REBOOT_SIGNAL)

    def stop(self, timeout_seconds: float = 30) -> None:
        """As by `shutdown`; power is cut when that takes too long."""
        self._power_wanted = False
        if self.is_running():
            with contextlib.suppress(HostError, ProcessLookupError):
                os.kill(self.leader_pid, POWER_OFF_SIGNAL)
            self._join(timeout_seconds)
        self.cut_power()

    def cut_power(self) -> None:
        self._power_wanted = False
        while self.is_running():
            # The leader, for with systemd-nspawn alone dead the guest would live on.
            with contextlib.suppress(HostError, ProcessLookupError):
                os.kill(self.leader_pid, signal.SIGKILL)
            self._join(1)
        self._network.set_power(self.private_ip, on=False)

    def remove(self, *, keep_logs: bool) -> None:
        """Cuts its power and takes its disk away; logs are kept in the run directory's logs/."""
        self.cut_power()
        self._network.detach_host(self.instance_id)
        for cgroup in self._cgroups:
            remove_cgroup(cgroup)
        if keep_logs:
            self._keep_logs()
        remove_tree(self.folder)

    def _make_disk(self) -> None:
        remove_tree(self.folder)
        root = Path(self._stack.at)
        root.mkdir(parents=True)
        mount_new_disk(self.folder / "disk.img", self._disk, DISK_BYTES)
        etc = self._disk / "upper/etc"
        for directory in (etc, *(self._disk / name for name in ("work", *ENGINE_FOLDERS))):
            directory.mkdir(parents=True)
        name = "ip-" + self.private_ip.replace(".", "-")
        (etc / "hostname").write_text(f"{name}\n")
        (etc / "hosts").write_text(f"127.0.0.1 localhost\n127.0.1.1 {name}\n::1 localhost\n")
        (etc / "resolv.conf").write_text(f"nameserver {WORLD_ADDRESS}\n")
        self._identity.write_text(f"ec2{uuid.uuid4()}"[:36] + "\n")
        mount_stack(self._stack)

    def _launch(self) -> None:
        # fmt: off
        boot = [
            "systemd-nspawn", "--quiet", "--boot", "--register=no", "--keep-unit",
            f"--machine={self.instance_id}",
            f"--directory={self._stack.at}", "--network-namespace-path=/proc/self/fd/9",
            "--resolv-conf=off", "--timezone=off", "--link-journal=no", "--console=read-only",
            # A container engine's needs, in a guest that has the world's network and no other.
            "--capability=all", "--system-call-filter=add_key keyctl bpf",
            *(f"--bind={self._disk / name}:/var/lib/{name}" for name in ENGINE_FOLDERS),
            # By this cloud-init knows an EC2 instance, and that its metadata service wants tokens.
            f"--bind-ro={self._identity}:/sys/hypervisor/uuid",
        ]
        # fmt: on
        order = {
            "cgroups": [str(cgroup) for cgroup in self._cgroups],
            "network": str(self._namespace),
            "argv": boot,
            "environment": {
                "PATH": os.environ.get("PATH", os.defpath),
                "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1",
                # The value 1 would let the guest set the machine's own sysctls.
                "SYSTEMD_NSPAWN_API_VFS_WRITABLE": "network",
            },
        }
        launcher = [sys.executable, "-I", str(Path(__file__).with_name("nspawn.py")), json.dumps(order)]
        with self.console.open("ab") as console:
            self._nspawn = subprocess.Popen(
                ["unshare", "--mount", "--propagation", "slave", *launcher],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
            )
        self.boots += 1

    def _supervise(self) -> None:
        while self._nspawn is not None:
            code = self._nspawn.wait()
            if code != REBOOT_EXIT_CODE or not self._power_wanted:
                return
            self._launch()

    def _join(self, timeout_seconds: float) -> None:
        if self._supervisor is not None:
            self._supervisor.join(timeout_seconds)

    def _wait_for_manager(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while not Path(f"/proc/{self.leader_pid}/root/run/systemd/private").exists():
            if time.monotonic() > deadline:
                raise HostError(
                    f"{self.instance_id} started no systemd; its console ends:\n{self.last_words()}"
                )
            time.sleep(0.05)

    def _keep_logs(self) -> None:
        shutil.rmtree(self._logs, ignore_errors=True)
        self._logs.mkdir(parents=True)
        shutil.copy(self.console, self._logs)
        logs = self.folder / LOGS
        if logs.is_dir():
            shutil.copytree(logs, self._logs / "log", symlinks=True, ignore=_not_files)


def command_on(leader_pid: int, argv: Sequence[str], *, timeout_seconds: float | None = None) -> list[str]:
    """Runs argv, for a process of the world, on a host as an SSM agent does: as a root unit."""
    # fmt: off
    limit = [] if timeout_seconds is None else [
        f"--property=RuntimeMaxSec={timeout_seconds}", "--property=TimeoutStopSec=5",
    ]
    return [
        "nsenter", "--target", str(leader_pid), "--all", "--",
        "systemd-run", "--quiet", "--pipe", "--wait", "--collect", "--setenv=HOME=/root", *limit, "--",
        *argv,
    ]
    # fmt: on


def _make_cgroups(workplace: Workplace, instance_id: str) -> tuple[Path, ...]:
    children = []
    for parent in workplace.cgroups():
        parent.mkdir(exist_ok=True)
        controllers = parent / "cgroup.controllers"
        if controllers.exists() and (names := controllers.read_text().split()):
            (parent / "cgroup.subtree_control").write_text(" ".join(f"+{name}" for name in names))
        child = parent / instance_id
        child.mkdir(exist_ok=True)
        children.append(child)
    return tuple(children)


def _leader(nspawn_pid: int) -> int | None:
    """The child that is process 1 of a process namespace of its own."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for child in Path(f"/proc/{nspawn_pid}/task/{nspawn_pid}/children").read_text().split():
            status = Path(f"/proc/{child}/status").read_text()
            numbers = next(line for line in status.splitlines() if line.startswith("NSpid:")).split()[1:]
            if len(numbers) > 1 and numbers[-1] == "1":
                return int(child)
    return None


def _not_files(folder: str, names: list[str]) -> list[str]:
    """Sockets and the overlay's marks of removed files have no content to copy."""
    return [name for name in names if not (Path(folder, name).is_file() or Path(folder, name).is_dir())]
