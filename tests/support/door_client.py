"""A registry's client that asks the front door with curl, from inside the room."""

import hashlib
import json
import signal
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rehearsal.room import clock
from rehearsal.room.door import BEHIND, CERTIFICATE, DOMAIN
from rehearsal.room.isolation import Room
from rehearsal.room.registry_server import filesystem, start_registry
from tests.support.waiting import until

PASSWORD_OF = {
    "pusher": "may push and pull",
    "puller": "may pull only",
    "health": "may pull, too",
    "visitor": "grüßt 72 Bytes",
}
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
TYPES = (DOCKER_MANIFEST, DOCKER_LIST, OCI_MANIFEST, OCI_INDEX)
FRONT = f"https://{DOMAIN}"
REGISTRY = f"http://{BEHIND}"
# The folder of the registry.
IMAGES = "/srv/images"
CURL = ("curl", "--silent", "--cacert", CERTIFICATE, "--resolve", f"{DOMAIN}:443:127.0.0.1")


@dataclass(frozen=True, slots=True)
class Answer:
    """`headers` has all values of each name in lower case."""

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
    front: str = FRONT
    """The address that it asks."""

    def ask(
        self,
        path: str,
        *options: str,
        user: str | None = "puller",
        password: str | None = None,
        accept: str | None = OCI_MANIFEST,
        at: str | None = None,
        given: str | None = None,
    ) -> Answer:
        """Send one request, perhaps to another server. `options` are curl's. Without `accept` there is no Accept
        header."""
        login = ["--user", f"{user}:{password or PASSWORD_OF[user]}"] if user else []
        told = ("--write-out", '\n{"status": %{http_code}, "http": "%{http_version}", "headers": %{header_json}}')
        wanted = ("--header", f"Accept: {accept}" if accept is not None else "Accept:")
        curl = (*CURL, "--show-error", "--max-time", "60", "--path-as-is", *told, *wanted)
        done = self.room.run(*curl, *login, *options, f"{at or self.front}{path}", given=given)
        body, _, about = done.stdout.partition('\n{"status": ')
        found = json.loads('{"status": ' + about)
        return Answer(found["status"], found["http"], found["headers"], body)

    def push(
        self, repository: str, *, media_type: str = OCI_MANIFEST, tag: str | None = None, mark: str = ""
    ) -> Pushed:
        """Push a unique manifest of an empty config and no layer, or a unique index or list of nothing. It contains the
        mark."""
        content: dict[str, Any] = {"manifests": []}
        if media_type not in (OCI_INDEX, DOCKER_LIST):
            digest = self.push_blob(repository, "{}")
            config = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest, "size": 2}
            content = {"config": config, "layers": []}
        head = {"schemaVersion": 2, "mediaType": media_type, "annotations": {"mark": f"{uuid.uuid4()}{mark}"}}
        body = json.dumps(head | content)
        pushed = Pushed(repository, digest_of(body), media_type, body)
        self.put(pushed, tag or pushed.digest)
        return pushed

    def put(self, pushed: Pushed, reference: str) -> None:
        self._upload(f"/v2/{pushed.repository}/manifests/{reference}", pushed.media_type, pushed.body)

    def push_blob(self, repository: str, content: str) -> str:
        started = self.ask(f"/v2/{repository}/blobs/uploads/", "--request", "POST", user="pusher")
        assert started.status == 202, started
        upload = started.headers["location"][0].removeprefix(self.front)
        digest = digest_of(content)
        self._upload(f"{upload}&digest={digest}", "application/octet-stream", content)
        return digest

    def _upload(self, path: str, media_type: str, content: str) -> None:
        options = ("--request", "PUT", "--header", f"Content-Type: {media_type}", "--data-binary", "@-")
        answer = self.ask(path, *options, user="pusher", given=content)
        assert answer.status == 201, answer

    def delete(self, pushed: Pushed, *, at: str | None = None) -> None:
        answer = self.ask(pushed.path, "--request", "DELETE", user="pusher", at=at)
        assert answer.status == 202, answer

    @contextmanager
    def counting(self, path: str) -> Iterator[list[str]]:
        """The registry's requests for this path during the block, each with the status of its answer. The list is empty
        until the end of the block."""
        log = self.room.logs / "registry"
        start = log.stat().st_size
        seen: list[str] = []
        yield seen
        time.sleep(0.1)
        lines = log.read_bytes()[start:].decode().splitlines()
        parts = [line.split('"') for line in lines if f" {path} " in line or f" {path}?" in line]
        seen += [f"{request} {about.split()[0]}" for _, request, about, *_ in parts]

    def let_pass(self, seconds: float) -> None:
        """By nginx's clock."""
        clock.step(self.room, seconds)

    def await_kept_tag(self, repository: str) -> None:
        """Until nginx keeps a tag of this repository: in its first seconds it keeps none."""
        pushed = self.push(repository, tag="1.0")
        path = f"/v2/{repository}/manifests/1.0"

        def is_kept() -> bool:
            self.begin_half_minute()
            with self.counting(path) as reads:
                assert [self.ask(path).body for _ in range(3)] == [pushed.body] * 3
            return len(reads) == 1

        until(is_kept)

    def begin_half_minute(self) -> None:
        """nginx's cache is that of a half minute of the clock. Begin the next one."""
        self._begin(30)

    def begin_ten_minutes(self) -> None:
        """A tag is confirmed within ten minutes of the clock, then read again. Begin the next ones."""
        self._begin(600)

    def _begin(self, seconds: int) -> None:
        self.let_pass(seconds + 0.001 - (time.time() + clock.seconds_ahead(self.room)) % seconds)

    def start_registry(self) -> None:
        """Start the registry behind the door, on a file system, with a log of its requests."""
        log = {"log": {"accesslog": {"disabled": False}}}
        start_registry(self.room, "registry", BEHIND, filesystem(IMAGES), changes=log)

    @contextmanager
    def registry_silent(self) -> Iterator[None]:
        self.room.send("registry", signal.SIGSTOP)
        try:
            yield
        finally:
            self.room.send("registry", signal.SIGCONT)

    @contextmanager
    def registry_gone(self) -> Iterator[None]:
        self.room.stop("registry")
        try:
            yield
        finally:
            self.start_registry()

    @contextmanager
    def registry_dying(self) -> Iterator[Callable[[], list[str]]]:
        """In the registry's place is one that dies of each request (dying_registry.py). The value returns those that it
        has read since the last call."""
        script, log, told = Path(__file__).with_name("dying_registry.py"), self.room.logs / "dying", 0

        def received() -> list[str]:
            nonlocal told
            lines = log.read_text().splitlines()
            new, told = lines[told:], len(lines)
            return new

        self.room.stop("registry")
        self.room.place("/srv/dying_registry.py").write_text(script.read_text())
        self.room.start("dying", "python3", "/srv/dying_registry.py")
        self.room.wait_for("dying", BEHIND)
        received()
        try:
            yield received
        finally:
            self.room.stop("dying")
            self.start_registry()

    def load(self, *arguments: str) -> list[str]:
        """The room's command that runs door_load.py."""
        script = Path(__file__).with_name("door_load.py")
        self.room.place("/srv/door_load.py").write_text(script.read_text())
        return ["python3", "/srv/door_load.py", *arguments]


def curl_as(user: str) -> tuple[str, ...]:
    """The beginning of a curl command with this user's login."""
    return (*CURL, "--user", f"{user}:{PASSWORD_OF[user]}")


def digest_of(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
