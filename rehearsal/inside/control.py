"""The world's side of rehearsal.contract.control: a socket that answers requests, several at a time."""

import json
import socketserver
import threading
from dataclasses import asdict, is_dataclass
from typing import Any

from rehearsal.contract import run_directory
from rehearsal.contract.control import Actions
from rehearsal.machine.workplace import Workplace


def serve(workplace: Workplace, actions: Actions) -> None:
    """In the background; an action gets the request's arguments by name."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            request = json.loads(self.rfile.readline())
            try:
                answer = {"answer": getattr(actions, request["action"])(**request["arguments"])}
            except Exception as error:  # noqa: BLE001  the person is told
                answer = {"refused": f"{type(error).__name__}: {error}"}
            self.wfile.write(json.dumps(answer, default=_as_json).encode() + b"\n")

    path = workplace.run / run_directory.CONTROL_SOCKET
    path.unlink(missing_ok=True)
    server = socketserver.ThreadingUnixStreamServer(str(path), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="control", daemon=True).start()


def _as_json(value: Any) -> Any:
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else str(value)
