"""The hosts' SSM agents: they really run the commands of Run Command on the host, as root.

Runs inside the world. An agent answers while its host has power, its unit is active there, and the host's
role lets it report; a host is known to Systems Manager from its agent's first answer on.
"""

import contextlib
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence

from rehearsal.cloud.ssm.commands import Ran
from rehearsal.inside.hosts.guest import Guest, GuestError

UNITS = ("amazon-ssm-agent.service", "snap.amazon-ssm-agent.amazon-ssm-agent.service")
LOOK_EVERY_SECONDS = 1
LOOK_SECONDS = 5


class SsmAgents:
    """``guests`` are the hosts of now, by instance id; ``may_report`` says whether a host's role lets it report."""

    def __init__(self, guests: Callable[[], Mapping[str, Guest]], may_report: Callable[[str], bool]) -> None:
        self._guests = guests
        self._may_report = may_report
        self._registered: set[str] = set()
        threading.Thread(target=self._look_for_new_ones, name="agents", daemon=True).start()

    def is_registered(self, instance_id: str) -> bool:
        return instance_id in self._registered or self.answers(instance_id)

    def answers(self, instance_id: str) -> bool:
        guest = self._guests().get(instance_id)
        if guest is None or not guest.is_running():
            return False
        with contextlib.suppress(GuestError, OSError, subprocess.TimeoutExpired):
            looked = subprocess.run(
                ["nsenter", "--target", str(guest.leader_pid), "--all", "--",
                 "systemctl", "is-active", "--quiet", *UNITS],
                capture_output=True, timeout=LOOK_SECONDS,
            )  # fmt: skip
            if looked.returncode == 0 and self._may_report(instance_id):
                self._registered.add(instance_id)
                return True
        return False

    def run(self, instance_id: str, argv: Sequence[str], timeout_seconds: int) -> Ran:
        guest = self._guests()[instance_id]
        try:
            done = guest.run(argv, timeout_seconds)
        except subprocess.TimeoutExpired as late:
            return Ran(_text(late.stdout), _text(late.stderr), None)
        except (GuestError, OSError):
            # It lost its power meanwhile, and Systems Manager hears no more of it.
            time.sleep(timeout_seconds)
            return Ran("", "", None)
        return Ran(done.stdout, done.stderr, done.returncode)

    def _look_for_new_ones(self) -> None:
        while True:
            for instance_id in set(self._guests()) - self._registered:
                self.answers(instance_id)
            time.sleep(LOOK_EVERY_SECONDS)


def _text(output: bytes | str | None) -> str:
    return output.decode(errors="replace") if isinstance(output, bytes) else output or ""
