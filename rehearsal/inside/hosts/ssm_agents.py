"""Systems Manager's end of the hosts' SSM agents: they really run the commands of Run Command on the host, as root.

Runs inside the world. An agent keeps one connection (rehearsal/machine/ami/usr/bin/amazon-ssm-agent). It answers while
a question comes back over that connection, and while the host's role lets it report. A host is known to Systems
Manager from its agent's first connection on.
"""

import contextlib
import socketserver
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence

from rehearsal.cloud.ssm.commands import Ran
from rehearsal.inside.hosts.guest import Guest, GuestError

ANSWER_SECONDS = 3.0


class _Connection(socketserver.StreamRequestHandler):
    """One agent's, from its host's address."""

    server: "_Server"

    def setup(self) -> None:
        super().setup()
        self._heard = threading.Condition()
        self._last = b""

    def handle(self) -> None:
        address = str(self.client_address[0])
        self.server.newest[address] = self
        self.server.connected(address)
        with contextlib.suppress(OSError):
            for line in self.rfile:
                with self._heard:
                    self._last = line
                    self._heard.notify_all()
        if self.server.newest.get(address) is self:
            del self.server.newest[address]

    def answers(self, seconds: float) -> bool:
        question = f"{uuid.uuid4()}\n".encode()
        try:
            self.connection.sendall(question)
        except OSError:
            return False
        with self._heard:
            return self._heard.wait_for(lambda: self._last == question, seconds)


class _Server(socketserver.ThreadingTCPServer):
    """``connected`` hears the address of each agent that connects."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, at: tuple[str, int], connected: Callable[[str], None]) -> None:
        super().__init__(at, _Connection)
        self.connected = connected
        self.newest: dict[str, _Connection] = {}


class SsmAgents:
    """Listens for agents at ``at``. ``guests`` are the hosts of now, by instance id; ``may_report`` says whether a
    host's role lets it report."""

    def __init__(
        self, at: tuple[str, int], guests: Callable[[], Mapping[str, Guest]], may_report: Callable[[str], bool]
    ) -> None:
        self._guests = guests
        self._may_report = may_report
        self._registered: set[str] = set()
        self._server = _Server(at, self._register)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, name="agents", daemon=True).start()

    def is_registered(self, instance_id: str) -> bool:
        return instance_id in self._registered or self.answers(instance_id)

    def answers(self, instance_id: str) -> bool:
        guest = self._guests().get(instance_id)
        connection = self._server.newest.get(guest.private_ip) if guest and guest.is_running() else None
        if connection and connection.answers(ANSWER_SECONDS) and self._may_report(instance_id):
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

    def _register(self, address: str) -> None:
        for instance_id, guest in self._guests().items():
            if guest.private_ip == address and self._may_report(instance_id):
                self._registered.add(instance_id)


def _text(output: bytes | str | None) -> str:
    return output.decode(errors="replace") if isinstance(output, bytes) else output or ""
