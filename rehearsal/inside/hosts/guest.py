"""The systemd-nspawn guest that is a host: a Debian root booted with its own systemd, in place of an EC2 instance."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from rehearsal.contract import run_directory
from rehearsal.inside.hosts import wire
from rehearsal.inside.hosts.guest_files import (
    ENGINE_FOLDERS,
    IDENTITY,
    keep_logs_of,
    make_cgroups,
    make_disk,
    mount_again,
)
from rehearsal.inside.hosts.memory import SmallMemory
from rehearsal.machine.disk import break_disk
from rehearsal.machine.workplace import Workplace, remove_cgroup, remove_tree
from rehearsal.machine.world.namespaces import command_on_host

# systemd-nspawn's exit code when its guest asked to be started again
REBOOT_EXIT_CODE = 133
# For process 1 of a guest, from systemd(1)
POWER_OFF_SIGNAL = signal.SIGRTMIN + 4
START_TIMEOUT_SECONDS = 20
# Where a small host finds the file that is bound to its /proc/meminfo.
MEMINFO = "/.meminfo"


class GuestError(Exception):
    """A guest has no power, or did not start; the text ends with its console's last lines."""


class Guest:
    """``layers`` are those that the host does not write, the topmost first. ``start`` returns as soon as the guest has
    power: its user data runs later."""

    def __init__(
        self,
        workplace: Workplace,
        instance_id: str,
        private_ip: str,
        mac_address: str,
        layers: Sequence[Path],
        memory_mib: int | None = None,
    ) -> None:
        self.instance_id = instance_id
        self.private_ip = private_ip
        self.boots = 0
        self.folder = workplace.run / run_directory.HOSTS / instance_id
        self.console = self.folder / "console.log"
        self._logs = workplace.run / "logs" / instance_id
        self._namespace = wire.attach(instance_id, private_ip, mac_address)
        self._cgroups = make_cgroups(workplace, instance_id)
        self._layers = layers
        self._root = make_disk(self.folder, private_ip, layers)
        self._meminfo = self.folder / "meminfo"
        self._memory = SmallMemory(self._cgroups, self._meminfo, memory_mib) if memory_mib else None
        self._nspawn: subprocess.Popen[bytes] | None = None
        self._power_wanted = False
        self._has_disk = True
        self._supervisor: threading.Thread | None = None

    def start(self) -> None:
        """Give it power, for the first time or again."""
        if self.is_running():
            raise GuestError(f"{self.instance_id} is running already")
        self._power_wanted = True
        wire.set_power(self.instance_id, on=True)
        self._launch()
        self._supervisor = threading.Thread(target=self._supervise, name=self.instance_id, daemon=True)
        self._supervisor.start()

    def is_running(self) -> bool:
        return self._supervisor is not None and self._supervisor.is_alive()

    @property
    def leader_pid(self) -> int:
        return self._started_leader(self.is_running)

    def leader_now(self) -> int | None:
        """None without power, and between two boots."""
        return _leader(self._nspawn.pid) if self._nspawn and self.is_running() else None

    def _started_leader(self, may_come: Callable[[], bool] = lambda: True) -> int:
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while may_come() and time.monotonic() < deadline:
            if self._nspawn is not None and (leader := _leader(self._nspawn.pid)):
                return leader
            time.sleep(0.02)
        raise GuestError(f"{self.instance_id} has no process 1; its console ends:\n{self.last_words()}")

    def run(self, argv: Sequence[str], timeout_seconds: float) -> subprocess.CompletedProcess[str]:
        """Run a command as root. Raises subprocess.TimeoutExpired: it took too long; nothing of it lives on."""
        self._wait_for_manager()
        started = time.monotonic()
        done = subprocess.run(
            command_on_host(self.leader_pid, argv, timeout_seconds=timeout_seconds),
            capture_output=True,
            text=True,
            errors="replace",
            input="",
            # Above the host's own limit: it ends the command with all that it started.
            timeout=timeout_seconds + 15,
        )
        if done.returncode != 0 and time.monotonic() - started >= timeout_seconds:
            raise subprocess.TimeoutExpired(list(argv), timeout_seconds, done.stdout, done.stderr)
        return done

    def last_words(self, lines: int = 15) -> str:
        with contextlib.suppress(FileNotFoundError):
            return "\n".join(self.console.read_text(errors="replace").splitlines()[-lines:])
        return "(nothing)"

    def stop(self, timeout_seconds: float = 30) -> None:
        """Shut it down; its power is cut when that takes too long."""
        self._power_wanted = False
        if self.is_running():
            with contextlib.suppress(GuestError, ProcessLookupError):
                os.kill(self.leader_pid, POWER_OFF_SIGNAL)
            self._join(timeout_seconds)
        self._kill()

    def cut_power(self) -> None:
        """Its disk has what was written to it until now."""
        if self.is_running():
            self.lose_disk()
            self._kill()

    def lose_disk(self) -> None:
        """Its processes live on until it is stopped, and every read and write of the disk fails."""
        self._has_disk = False
        break_disk(self.folder / "disk")

    def _kill(self) -> None:
        self._power_wanted = False
        while self.is_running():
            # The leader, for with systemd-nspawn alone dead the guest would live on.
            with contextlib.suppress(GuestError, ProcessLookupError):
                os.kill(self.leader_pid, signal.SIGKILL)
            self._join(1)
        wire.set_power(self.instance_id, on=False)
        if not self._has_disk:
            mount_again(self.folder, self._layers)
            self._has_disk = True

    def remove(self) -> None:
        """Kill it and take its disk away; logs are kept in the run directory's logs/."""
        self._kill()
        wire.detach(self.instance_id)
        if self._memory:
            self._memory.stop()
        for cgroup in self._cgroups:
            remove_cgroup(cgroup)
        keep_logs_of(self.folder, self._logs)
        remove_tree(self.folder)

    def _launch(self) -> None:
        boot = [
            "systemd-nspawn", "--quiet", "--boot", "--register=no", "--keep-unit",
            f"--machine={self.instance_id}",
            f"--directory={self._root}", "--network-namespace-path=/proc/self/fd/9",
            "--resolv-conf=off", "--timezone=off", "--link-journal=no", "--console=read-only",
            # A container engine's needs, in a guest that has the world's network and no other.
            "--capability=all", "--system-call-filter=add_key keyctl bpf",
            *(f"--bind={self.folder / 'disk' / name}:/var/lib/{name}" for name in ENGINE_FOLDERS),
            # By this cloud-init knows an EC2 instance, and that its metadata service wants tokens.
            f"--bind-ro={self.folder / IDENTITY}:/sys/hypervisor/uuid",
            *([f"--bind-ro={self._meminfo}:{MEMINFO}"] if self._memory else []),
        ]  # fmt: skip
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
        program = [sys.executable, "-I", str(Path(__file__).with_name("nspawn.py")), json.dumps(order)]
        launcher = ["unshare", "--mount", "--propagation", "slave", *program]
        with self.console.open("ab") as console:
            self._nspawn = subprocess.Popen(launcher, stdin=subprocess.DEVNULL, stdout=console, stderr=console)
        if self._memory:
            self._show_memory()
        self.boots += 1

    def _show_memory(self) -> None:
        """systemd-nspawn cannot bind a file from outside to a place in the guest's /proc."""
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            enter = ["nsenter", f"--target={self._started_leader()}", "--mount", "--"]
            # It fails until the guest has its own root.
            if (
                subprocess.run([*enter, "mount", "--bind", MEMINFO, "/proc/meminfo"], capture_output=True).returncode
                == 0
            ):
                return
            time.sleep(0.05)
        raise GuestError(f"{self.instance_id} cannot be shown its memory; its console ends:\n{self.last_words()}")

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
                raise GuestError(f"{self.instance_id} started no systemd; its console ends:\n{self.last_words()}")
            time.sleep(0.05)


def _leader(nspawn_pid: int) -> int | None:
    """The child that is process 1 of a process namespace of its own."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for child in Path(f"/proc/{nspawn_pid}/task/{nspawn_pid}/children").read_text().split():
            status = Path(f"/proc/{child}/status").read_text()
            numbers = next(line for line in status.splitlines() if line.startswith("NSpid:")).split()[1:]
            if len(numbers) > 1 and numbers[-1] == "1":
                return int(child)
    return None
