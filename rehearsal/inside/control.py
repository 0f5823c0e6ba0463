"""Asking the world's process to do something, from the machine: one JSON line there, and one back."""

import json
import socket
import socketserver
import threading
from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.machine.workplace import Workplace

SOCKET = "control.socket"


class RefusedByWorldError(Exception):
    """The world's process could not do it; the text is why."""


def serve(workplace: Workplace, actions: Mapping[str, Callable[..., Any]]) -> None:
    """In the background, several at a time; an action gets the request's arguments by name."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            request = json.loads(self.rfile.readline())
            try:
                answer = {"answer": actions[request["action"]](**request["arguments"])}
            except Exception as error:  # noqa: BLE001  whoever asked is told
                answer = {"refused": f"{type(error).__name__}: {error}"}
            self.wfile.write(json.dumps(answer, default=str).encode() + b"\n")

    path = workplace.run / SOCKET
    path.unlink(missing_ok=True)
    server = socketserver.ThreadingUnixStreamServer(str(path), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="control", daemon=True).start()


def ask(workplace: Workplace, action: str, **arguments: Any) -> Any:
    """What the action returned.

    Raises:
        RefusedByWorldError: it failed.
    """
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(workplace.run / SOCKET))
        connection.sendall(json.dumps({"action": action, "arguments": arguments}).encode() + b"\n")
        with connection.makefile() as answers:
            answer = json.loads(answers.readline())
    if "refused" in answer:
        raise RefusedByWorldError(answer["refused"])
    return answer["answer"]
