"""The S3 servers that hold the objects, one a region: versitygw, which asks the emulated AWS about each request.

versitygw knows no policies of its own. It asks an IAM service over a socket for the signing key of each request, and
whether its owner may do each action on each object; here the emulated AWS answers. The protocol is the one between
versitygw and its `versitygw iam` (iamapi/private/types.go of v1.8.0).
"""

import hashlib
import hmac
import json
import secrets
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingMixIn, UnixStreamServer
from threading import Lock, Thread
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError
from moto.s3.exceptions import MissingBucket

from rehearsal.cloud.core.cloud import Cloud
from rehearsal.cloud.core.scope import Scope
from rehearsal.contract.aws_profile import AwsProfile

# Of the registry's region, and of the other (etc/objects-in-versitygw.conf).
PORTS, PLACES = (7070, 7071), ("objects", "objects/elsewhere")
PROTOCOL_HEADER = "X-Vgw-Private-Protocol"
PROTOCOL_VERSION = 1
# The gateway's own account; this process alone knows its secret.
KEEPER = "keeper"
# S3 takes this long for a page of a listing, however small its answer; a file system does not.
LISTINGS, LISTING_SECONDS = {"s3:ListBucket", "s3:ListBucketVersions"}, 0.05

Authorise = Callable[[str, str, str], bool]
Start = Callable[[str, list[str], tuple[str, int]], None]


class UnknownKeyError(Exception):
    """An access key that the emulated AWS never issued."""


class Keyring:
    """The secret of every access key, and the permissions of its owner."""

    def __init__(self, authorise: Authorise, sleep: Callable[[float], None] = time.sleep) -> None:
        self._authorise = authorise
        self._sleep = sleep
        self._secrets: dict[str, str] = {}
        self._lock = Lock()

    def add(self, access_key_id: str, secret: str) -> None:
        with self._lock:
            self._secrets[access_key_id] = secret

    def answer(self, path: str, asked: Mapping[str, Any]) -> dict[str, Any] | None:
        """The IAM service's answer to the gateway's question at ``path``; None if objects never need it. Raises
        UnknownKeyError: the access key was never issued."""
        match path:
            case "/private/version":
                return {"protocol": PROTOCOL_VERSION, "minClient": PROTOCOL_VERSION}
            case "/private/derive-signing-key":
                return self._signing_key(asked)
            case "/private/evaluate-policy":
                return self._decisions(asked)
        return None

    def _signing_key(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        with self._lock:
            secret = self._secrets.get(asked["accessKeyId"])
        if secret is None:
            raise UnknownKeyError(asked["accessKeyId"])
        key = f"AWS4{secret}".encode()
        for part in (asked["date"], asked["region"], asked["service"], "aws4_request"):
            key = hmac.digest(key, part.encode(), hashlib.sha256)
        return {"derivedKey": b64encode(key).decode()}

    def _decisions(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """The emulated AWS has weighed the bucket's policy, too, so a refusal is final.

        The gateway asks before each page of a listing, and waits for this answer.
        """
        if LISTINGS & set(asked["actions"]):
            self._sleep(LISTING_SECONDS)
        return {
            "decisions": [
                [
                    "allow" if self._authorise(asked["accessKeyId"], action, resource) else "no_match"
                    for action in asked["actions"]
                ]
                for resource in asked["resources"]
            ]
        }


def serve(keyring: Keyring, socket: Path) -> None:
    """Answer the gateway's questions from a thread."""
    server = _Server(socket, keyring)
    Thread(target=server.serve_forever, name="iam for objects", daemon=True).start()


class ObjectServers:
    """By region. ``folder`` is what the stand-ins see as /srv; ``start`` starts a program among them."""

    def __init__(self, folder: Path, cloud: Cloud, start: Start) -> None:
        self._cloud = cloud
        keyring = Keyring(cloud.authorise)
        serve(keyring, folder / "iam.sock")
        self._servers = {
            each.scope.region: ObjectServer(folder, place, each.scope, port, start)
            for each, port, place in zip(cloud.regions, PORTS, PLACES, strict=False)
        }
        cloud.follow_objects(
            on_bucket_created=lambda name: self.s3_of(name).create_bucket(Bucket=name),
            on_bucket_deleted=lambda name: self.s3_of(name).delete_bucket(Bucket=name),
            on_versioning=lambda name, status: self.s3_of(name).put_bucket_versioning(
                Bucket=name, VersioningConfiguration={"Status": status}
            ),
            on_access_key=keyring.add,
            read_object=self._read_object,
            has_objects=self._has_versions,
        )

    def s3_of(self, bucket: str) -> Any:
        """The client of the server that has the bucket."""
        return self._servers[self._cloud.region_of(bucket)].s3

    def _has_versions(self, bucket: str) -> bool:
        """S3 deletes no bucket with an old version or a delete marker in it, either."""
        page = self.s3_of(bucket).list_object_versions(Bucket=bucket, MaxKeys=1)
        return bool(page.get("Versions") or page.get("DeleteMarkers"))

    def _read_object(self, bucket: str, key: str) -> bytes:
        try:
            content: bytes = self.s3_of(bucket).get_object(Bucket=bucket, Key=key)["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] in ("NoSuchKey", "NoSuchBucket"):
                raise FileNotFoundError(f"s3://{bucket}/{key}") from error
            raise
        except MissingBucket as missing:
            raise FileNotFoundError(f"s3://{bucket}/{key}") from missing
        return content


class ObjectServer:
    """One region's. It refuses what is signed for another."""

    def __init__(self, folder: Path, place: str, scope: Scope, port: int, start: Start) -> None:
        address = ("127.0.0.1", port)
        for name in ("buckets", "versions"):
            (folder / place / name).mkdir(parents=True, exist_ok=True)
        secret = secrets.token_urlsafe(32)
        command = [
            "env", f"ROOT_ACCESS_KEY={KEEPER}", f"ROOT_SECRET_KEY={secret}",
            "versitygw", "--quiet", "--keep-alive", f"--port={address[0]}:{port}", f"--region={scope.region}",
            # Whatever follows the first ".s3" of a host name is cut off: s3.amazonaws.com and s3.REGION.amazonaws.com.
            "--virtual-domain=s3",
            "--iam-standalone-endpoint=/srv/iam.sock",
            "posix", f"--versioning-dir=/srv/{place}/versions", f"/srv/{place}/buckets",
        ]  # fmt: skip
        start(f"versitygw-{scope.region}", command, address)
        profile = AwsProfile(f"http://{address[0]}:{port}", scope.region, scope.account, KEEPER, secret)
        self.s3 = profile.client("s3", config=Config(s3={"addressing_style": "path"}))


class _Server(ThreadingMixIn, UnixStreamServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, at: Path, keyring: Keyring) -> None:
        super().__init__(str(at), _Handler)
        self.keyring = keyring


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        try:
            said = self.server.keyring.answer(self.path, asked)
        except UnknownKeyError as unknown:
            self._say(403, {"code": "NoSuchIdentity", "error": f"nobody holds {unknown}"})
        else:
            self._say(200, said) if said is not None else self._say(404, {"error": f"no {self.path} here"})

    def _say(self, status: int, said: Mapping[str, Any]) -> None:
        body = json.dumps(said).encode()
        self.send_response(status)
        self.send_header(PROTOCOL_HEADER, str(PROTOCOL_VERSION))
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing: versitygw has a log of its own."""
