"""AWS Lambda's runtime API, for one invocation of one function.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html

AWS's own emulator of it (aws-lambda-rie) knows neither the function's ARN, nor the memory that it used, nor the
header of a failed run, and answers a timeout as a success.
"""

import contextlib
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(slots=True)
class Conversation:
    """One invocation, between the runtime interface client and AWS Lambda."""

    payload: str
    headers: Mapping[str, str]
    asked: threading.Event = field(default_factory=threading.Event)
    answered: threading.Event = field(default_factory=threading.Event)
    answer: str = ""
    error: str = ""

    def settle(self, answer: str, error: str) -> None:
        self.answer, self.error = answer, error
        self.answered.set()


class _QuietServer(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """The runtime is killed where it waits for a next event."""


def serve(conversation: Conversation, timeout_seconds: int) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if conversation.asked.is_set():
                # There is no second event: Lambda freezes the process here, the rehearsal kills it.
                threading.Event().wait(timeout_seconds)
                return
            conversation.asked.set()
            deadline = {"Lambda-Runtime-Deadline-Ms": str(int((time.time() + timeout_seconds) * 1000))}
            self._answer(200, conversation.payload, {**conversation.headers, **deadline})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode(errors="replace")
            if self.path.endswith("/error"):
                conversation.asked.set()
                conversation.settle(body, "Unhandled")
            else:
                conversation.settle(body, "")
            self._answer(202, '{"status": "OK"}', {})

        def _answer(self, status: int, body: str, headers: Mapping[str, str]) -> None:
            content = body.encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            with contextlib.suppress(BrokenPipeError):
                self.wfile.write(content)

        def log_message(self, *_arguments: object) -> None:
            pass

    server = _QuietServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    return server
