"""What a registry's client does, with curl from inside the room."""

import hashlib
import json
import signal
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rehearsal.room import door
from rehearsal.room.door import CERTIFICATE, DOMAIN
from rehearsal.room.room import Room

PASSWORD_OF = {"pusher": "may push and pull", "puller": "may pull only"}
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
FRONT = f"https://{DOMAIN}"
REGISTRY = "http://127.0.0.1:5000"


@dataclass(frozen=True, slots=True)
class Answer:
    """`headers` has a list for each name in lower case, as often as it was sent."""

    status: int
    http_version: str
    headers: dict[str, list[str]]
    body: str


@dataclass(frozen=True, slots=True)
class Pushed:
    repository: str
    digest: str
    media_type: str
    body: str

    @property
    def path(self) -> str:
        return f"/v2/{self.repository}/manifests/{self.digest}"


@dataclass(frozen=True, slots=True)
class Client:
    room: Room

    def ask(
        self,
        path: str,
        *options: str,
        user: str | None = "puller",
        password: str | None = None,
        accept: str | None = OCI_MANIFEST,
        at: str = FRONT,
        given: str | None = None,
    ) -> Answer:
        """One request; `options` are curl's. Without `accept` no such header is sent."""
        login = ["--user", f"{user}:{password or PASSWORD_OF[user]}"] if user else []
        # fmt: off
        done = self.room.run(
            "curl", "--silent", "--show-error", "--max-time", "60", "--path-as-is",
            "--cacert", CERTIFICATE, "--resolve", f"{DOMAIN}:443:127.0.0.1",
            "--write-out", '\n{"status": %{http_code}, "http": "%{http_version}", "headers": %{header_json}}',
            "--header", f"Accept: {accept}" if accept is not None else "Accept:",
            *login, *options, f"{at}{path}", given=given,
        )
        # fmt: on
        body, _, about = done.stdout.partition('\n{"status": ')
        told = json.loads('{"status": ' + about)
        return Answer(told["status"], told["http"], told["headers"], body)

    def push(self, repository: str, *, media_type: str = OCI_MANIFEST, tag: str | None = None) -> Pushed:
        """A manifest like no other, of an empty config and no layer, or an index or list of nothing."""
        mark = {"mark": str(uuid.uuid4())}
        if media_type in (OCI_INDEX, DOCKER_LIST):
            document = {"schemaVersion": 2, "mediaType": media_type, "manifests": [], "annotations": mark}
        else:
            config = {
                "mediaType": "application/vnd.oci.image.config.v1+json",
                "digest": self.push_blob(repository, "{}"),
                "size": 2,
            }
            document = {
                "schemaVersion": 2,
                "mediaType": media_type,
                "config": config,
                "layers": [],
                "annotations": mark,
            }
        body = json.dumps(document)
        pushed = Pushed(repository, digest_of(body), media_type, body)
        self.put(pushed, tag or pushed.digest)
        return pushed

    def put(self, pushed: Pushed, reference: str) -> None:
        answer = self.ask(
            f"/v2/{pushed.repository}/manifests/{reference}",
            *("--request", "PUT", "--header", f"Content-Type: {pushed.media_type}", "--data-binary", "@-"),
            user="pusher",
            given=pushed.body,
        )
        assert answer.status == 201, answer

    def push_blob(self, repository: str, content: str) -> str:
        started = self.ask(f"/v2/{repository}/blobs/uploads/", "--request", "POST", user="pusher")
        assert started.status == 202, started
        place = started.headers["location"][0]
        digest = digest_of(content)
        done = self.ask(
            f"{place.removeprefix(FRONT)}&digest={digest}",
            *(
                "--request",
                "PUT",
                "--header",
                "Content-Type: application/octet-stream",
                "--data-binary",
                "@-",
            ),
            user="pusher",
            given=content,
        )
        assert done.status == 201, done
        return digest

    def delete(self, pushed: Pushed, *, at: str = FRONT) -> None:
        answer = self.ask(pushed.path, "--request", "DELETE", user="pusher", at=at)
        assert answer.status == 202, answer

    @contextmanager
    def counting(self, path: str) -> Iterator[list[str]]:
        """The request lines with which the registry was asked for this path meanwhile; empty until the end."""
        log = self.room.logs / "registry"
        start = log.stat().st_size
        seen: list[str] = []
        yield seen
        time.sleep(0.1)
        lines = log.read_bytes()[start:].decode().splitlines()
        seen += [line.split('"')[1] for line in lines if f" {path} " in line or f" {path}?" in line]

    def wait_for_a_fresh_half_minute(self) -> None:
        """None ends in the next seconds, and with it what is kept."""
        if (left := 30 - time.time() % 30) < 10:
            time.sleep(left)

    def let_the_half_minute_pass(self) -> None:
        """What is kept for this half minute only is gone, as it is when the next begins."""
        door.forget(self.room, door.MANIFESTS)

    @contextmanager
    def registry_stopped(self) -> Iterator[None]:
        self.room.send("registry", signal.SIGSTOP)
        try:
            yield
        finally:
            self.room.send("registry", signal.SIGCONT)


def digest_of(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def script(name: str) -> str:
    return (Path(__file__).parent / name).read_text()
