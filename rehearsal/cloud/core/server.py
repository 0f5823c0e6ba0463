"""Serves moto over HTTP, one request at a time for everything that keeps state."""

import hashlib
import io
import logging
import re
import threading
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import BaseWSGIServer, make_server
from werkzeug.wsgi import get_input_stream

from rehearsal.cloud.core.values import Place
from rehearsal.cloud.iam import identity, signature
from rehearsal.cloud.iam.gate import SIGNATURE_PROBLEM

MAILED_LINK = re.compile(r"sns\.[a-z0-9-]+\.amazonaws\.com")
# Objects may be large and slow, and a function may call AWS while it runs: these look after themselves.
UNLOCKED = ("s3", "lambda")
STOP_WITHIN_SECONDS = 0.05
MISMATCH = (
    "The request signature we calculated does not match the signature you provided. "
    "Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
)


class Server:
    def __init__(self, port: int, place: Place, world: threading.Condition) -> None:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._place = place
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
        if signed is None:
            with self._world:
                return self._answer(environ, start_response)
        digest = _digest_of_body(environ, signed)
        if signed.service in UNLOCKED:
            with self._world:
                self._verify(environ, signed, digest)
            return self._answer(environ, start_response)
        with self._world:
            self._verify(environ, signed, digest)
            return self._answer(environ, start_response)

    def _verify(self, environ: dict[str, Any], signed: signature.Signature, digest: str) -> None:
        """Leave a note for the gate, which knows in which form to refuse."""
        now = datetime.now(UTC)
        caller = identity.caller(self._place, signed.access_key_id)
        if caller is None:
            return
        if not signature.is_current(signed, now):
            environ[SIGNATURE_PROBLEM] = (
                f"Signature expired: {signed.signed_at or 'undated'} is too far from {now:%Y%m%dT%H%M%SZ}"
            )
        elif not signature.is_right(environ, signed, caller.secret, digest):
            environ[SIGNATURE_PROBLEM] = MISMATCH

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        answer: Iterable[bytes] = _routes()(environ, start_response)
        return answer


class _Routes(DomainDispatcherApplication):
    def infer_service_region_host(self, environ: dict[str, Any], path: str) -> str | None:
        """The links in SNS's mails are unsigned, and name their service by host; moto takes them for S3's."""
        host = str(environ.get("HTTP_HOST", "")).lower()
        if "HTTP_AUTHORIZATION" not in environ and MAILED_LINK.fullmatch(host):
            return host
        inferred: str | None = super().infer_service_region_host(environ, path)
        return inferred


@cache
def _routes() -> DomainDispatcherApplication:
    """moto's way from a request to the code that answers it: the same for every account, and slow to make."""
    return _Routes(create_backend_app)


def _digest_of_body(environ: dict[str, Any], signed: signature.Signature) -> str:
    """The hash that belongs into the signature; S3 clients name it, so that a body can be a stream."""
    if signed.valid_for is not None:
        return "UNSIGNED-PAYLOAD"
    if signed.service == "s3":
        return str(environ.get("HTTP_X_AMZ_CONTENT_SHA256", ""))
    body = get_input_stream(environ).read()
    environ["wsgi.input"] = io.BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))
    return hashlib.sha256(body).hexdigest()
