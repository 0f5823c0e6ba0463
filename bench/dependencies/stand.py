"""The front door before a registry on an S3 that can have bad days, with docker, skopeo and crane in the same room."""

import base64
import json
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from rehearsal.machine import parts, roots
from rehearsal.machine.oci_layout import Image, pack, write_image
from rehearsal.machine.registry_image import architecture
from rehearsal.machine.root_layers import Root, Say
from rehearsal.machine.workplace import Workplace
from rehearsal.room import door, s3
from rehearsal.room.furnished import built, furnished
from rehearsal.room.isolation import Room, cache, door_root
from rehearsal.room.registry_server import PROGRAM, StorageDriver, start_registry

PACKAGES = ("docker.io", "docker-cli", "skopeo")
CLIENTS = ("docker", "skopeo", "crane")
USER, PASSWORD = "bench", "a password of the bench"
LAYER_BYTES = 12_000_000
HOME = {"HOME": "/root", "DOCKER_HOST": "unix:///run/docker.sock"}
LOGIN = "/srv/login"
ABSENT, GOOD_SECONDS = f"sha256:{'0' * 64}", 10


@dataclass(frozen=True, slots=True)
class Done:
    """A client's command. ``code`` is None if it did not end."""

    code: int | None
    seconds: float
    said: str


@dataclass(slots=True)
class Running:
    process: subprocess.Popen[str]
    began: float
    _reader: threading.Thread = field(init=False)
    _said: str = ""
    _ended: float = 0.0

    def __post_init__(self) -> None:
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        self._said, _ = self.process.communicate()
        self._ended = time.monotonic()

    def wait(self, most_seconds: float) -> Done:
        """Wait so long since its begin, then end it."""
        self._reader.join(max(self.began + most_seconds - time.monotonic(), 0))
        in_time = not self._reader.is_alive()
        self.process.kill()
        self._reader.join()
        return Done(self.process.returncode if in_time else None, self._ended - self.began, self._said)


@dataclass(slots=True)
class Stand:
    room: Room
    storage: StorageDriver
    pushed: int = 0

    def begin(self, *argv: str) -> Running:
        process = subprocess.Popen(
            self.room.command(argv, HOME),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        return Running(process, time.monotonic())

    def make_image(self, client: str) -> tuple[str, Image]:
        """A new image of one layer, ready to be pushed by this client as the name returned."""
        self.pushed += 1
        folder = f"/srv/images/{client}-{self.pushed}"
        image = write_image(
            self.room.place(folder), pack({"payload": os.urandom(LAYER_BYTES)}), architecture=architecture(), config={}
        )
        name = f"{door.DOMAIN}/pushed/{client}:{self.pushed}"
        if client == "docker":
            self.room.run("skopeo", "copy", "-q", f"oci:{folder}:image", f"docker-daemon:{name}")
        return name, image

    def push(self, client: str, name: str) -> Running:
        folder = f"/srv/images/{name.rpartition('/')[2].replace(':', '-')}"
        match client:
            case "docker":
                return self.begin("docker", "push", "-q", name)
            case "skopeo":
                return self.begin("skopeo", "copy", "-q", f"oci:{folder}:image", f"docker://{name}")
        return self.begin("crane", "push", folder, name)

    def forget(self, client: str, name: str) -> None:
        """What the client has of the image."""
        if client == "docker":
            self.begin("docker", "image", "rm", "-f", name).wait(20)
        shutil.rmtree(self.room.place(f"/srv/pulled-{client}"), ignore_errors=True)

    def pull(self, client: str, name: str) -> Running:
        match client:
            case "docker":
                return self.begin("docker", "pull", "-q", name)
            case "skopeo":
                return self.begin("skopeo", "copy", "-q", f"docker://{name}", f"oci:/srv/pulled-{client}:image")
        return self.begin("crane", "pull", "--format=oci", name, f"/srv/pulled-{client}")

    def is_kept(self, name: str) -> bool:
        """A client that knows nothing of the push pulls all of it, and finds its digests right."""
        folder = "/srv/kept"
        shutil.rmtree(self.room.place(folder), ignore_errors=True)
        return self.begin("skopeo", "copy", "-q", f"docker://{name}", f"dir:{folder}").wait(60).code == 0

    def asking(self, path: str, seconds: float, *options: str, as_health: bool = False) -> Running:
        """The front door answers the health check from no cache."""
        login = f"{LOGIN}-health" if as_health else LOGIN
        accept = ("--header", "Accept: application/vnd.oci.image.manifest.v1+json")
        command = ("curl", "--silent", "--show-error", "--config", login, "--max-time", str(seconds), *accept, *options)
        told = ("--output", "/dev/null", "--write-out", "%{http_code} after %{time_total} s")
        return self.begin(*command, *told, f"https://{door.DOMAIN}{path}")

    def answered(self, running: Running, seconds: float) -> str:
        """HTTP status and seconds of asking()."""
        status, _, took = running.wait(seconds + 5).said.strip().rpartition("\n")[2].partition(" after ")
        return f"{status} after {float(took.split()[0]):.1f} s" if status != "000" else f"nothing in {seconds:.0f} s"

    def live_on(self, life_seconds: int) -> None:
        """Have the registry use credentials that are good for so long, and hold the first of them."""
        self.room.stop("registry")
        self.room.started["metadata"].kill()
        self.room.started.pop("metadata").wait()
        s3.start_metadata(self.room, life_seconds)
        start_registry(self.room, "registry", door.BEHIND, self.storage)
        asked = self.answered(self.asking(f"/v2/looked/at/blobs/{ABSENT}", GOOD_SECONDS), GOOD_SECONDS)
        if not asked.startswith("404"):
            raise RuntimeError(f"asked for a layer that is not there on a good day: {asked}")


def _root(workplace: Workplace, say: Say) -> Root:
    below = door_root(workplace, say)
    return roots.with_packages(replace(workplace, cache=cache()), below, f"{below.name}-clients", PACKAGES, say)


@contextmanager
def stand_up(say: Say) -> Iterator[Stand]:
    """Until the end of the block. Raises RoomError: a program cannot be built."""
    workplace = Workplace.of_this_machine()
    programs = {PROGRAM: parts.REGISTRY, s3.PROGRAM: parts.VERSITYGW, "/usr/local/bin/crane": parts.CRANE}
    with furnished(_root(workplace, say), built(workplace, programs, say)) as room:
        hashed = door.hash_password(room, PASSWORD)
        door.write_users(room, "pull", {USER: hashed, "health": hashed})
        door.write_users(room, "push", {USER: hashed})
        storage = s3.start(room)
        start_registry(room, "registry", door.BEHIND, storage)
        door.start_door(room)
        _equip(room)
        yield Stand(room, storage)


def _equip(room: Room) -> None:
    """The clients' trust, names, login and daemon."""
    room.run("cp", door.CERTIFICATE, "/usr/local/share/ca-certificates/door.crt")
    room.run("update-ca-certificates")
    with room.place("/etc/hosts").open("a") as hosts:
        hosts.write(f"\n127.0.0.1 localhost {door.DOMAIN}\n")
    for name, file in ((USER, LOGIN), ("health", f"{LOGIN}-health")):
        room.place(file).write_text(f'user = "{name}:{PASSWORD}"\n')
    login = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    room.run("mkdir", "-p", "/root/.docker")
    room.place("/root/.docker/config.json").write_text(json.dumps({"auths": {door.DOMAIN: {"auth": login}}}))
    room.run("sh", "-c", "mountpoint -q /sys || mount -t sysfs -o ro sysfs /sys")
    room.run("sh", "-c", "mountpoint -q /sys/fs/cgroup || mount -t cgroup2 cgroup2 /sys/fs/cgroup")
    command = ("dockerd", "--data-root", "/srv/docker", "--storage-driver", "vfs", "--bridge", "none")
    room.start("docker", *command, "--iptables=false", "--ip6tables=false", environment=HOME)
    room.wait_for("docker", "/run/docker.sock", 60)
