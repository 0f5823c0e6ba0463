"""Serves moto over HTTP, one request at a time for everything that keeps state."""

import io
import logging
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import cache
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.exceptions import ServiceUnavailable
from werkzeug.serving import BaseWSGIServer, make_server
from werkzeug.wsgi import get_input_stream

from rehearsal.cloud.core.regions import Regions
from rehearsal.cloud.iam import identity, signature
from rehearsal.cloud.iam.gate import SIGNATURE_PROBLEM

# Objects may be large and slow, and a function may call AWS while it runs: they lock where they need to.
UNLOCKED = ("s3", "lambda")
STOP_WITHIN_SECONDS = 0.05
MISMATCH = (
    "The request signature we calculated does not match the signature you provided. "
    "Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
)


class Server:
    def __init__(self, port: int, regions: Regions, world: threading.Condition) -> None:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._regions = regions
        self._world = world
        self._server: BaseWSGIServer = make_server(
            "127.0.0.1", port, self._serve, threaded=True, request_handler=MotoRequestHandler
        )
        self.port = self._server.server_port
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(STOP_WITHIN_SECONDS,), name="aws endpoint", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _serve(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        signed = signature.read(environ)
        if signed and not self._regions.answers(signed.region, signed.service):
            return ServiceUnavailable()(environ, start_response)
        body = b"" if signed is None or signed.service == "s3" else _read_body(environ)
        with self._world:
            if signed:
                self._verify(environ, signed, body)
            if signed is None or signed.service not in UNLOCKED:
                return _routes()(environ, start_response)
        return _routes()(environ, start_response)

    def _verify(self, environ: dict[str, Any], signed: signature.Signature, body: bytes) -> None:
        """Leave a note for the gate, which knows in which form to refuse."""
        now = datetime.now(UTC)
        caller = identity.caller(self._regions.here.scope, signed.access_key_id)
        if caller is None:
            return
        if not signature.is_current(signed, now):
            environ[SIGNATURE_PROBLEM] = (
                f"Signature expired: {signed.signed_at or 'undated'} is too far from {now:%Y%m%dT%H%M%SZ}"
            )
        elif not signature.is_right(environ, signed, caller.secret, body):
            environ[SIGNATURE_PROBLEM] = MISMATCH


@cache
def _routes() -> Callable[[dict[str, Any], Any], Iterable[bytes]]:
    """moto's way from a request to the code that answers it: the same for every account, and slow to make."""
    return DomainDispatcherApplication(create_backend_app)


def _read_body(environ: dict[str, Any]) -> bytes:
    """The body; moto can read it once more."""
    body: bytes = get_input_stream(environ).read()
    environ["wsgi.input"] = io.BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))
    return body
