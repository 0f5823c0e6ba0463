"""The set-ups that are compared, in one room and on the same kind of storage."""

import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rehearsal.machine import parts
from rehearsal.machine.root_layers import Say
from rehearsal.machine.workplace import Workplace
from rehearsal.room import door
from rehearsal.room.furnished import built, furnished
from rehearsal.room.isolation import Room, RoomError, cache, cpu_seconds, door_root
from rehearsal.room.registry_server import PROGRAM, StorageDriver, filesystem, s3, start_registry
from rehearsal.room.s3 import PROGRAM as GATEWAY_PROGRAM
from rehearsal.room.s3 import start_gateway

HERE = Path(__file__).parent
# The program of the folder bench/load, in a room.
LOAD = "/opt/load"
ON_S3 = {PROGRAM: parts.REGISTRY, GATEWAY_PROGRAM: parts.VERSITYGW}
USER, PASSWORD = "bench", "a password of the bench"
BUCKET, KEY, SECRET = "images", "bench", "the secret key of the bench"
S3_ADDRESS, DELAYED_ADDRESS = "127.0.0.1:7070", "127.0.0.1:7071"
DELAY_MILLISECONDS = 30
STORAGES = {"filesystem": "File system", "s3": f"S3, {DELAY_MILLISECONDS} ms away"}
BARE, OWN_TLS, TUTORIAL, OURS = "bare registry", "registry with TLS and htpasswd", "tutorial", "ours"
HTPASSWD = "/etc/nginx/tutorial.htpasswd"
CHECKS_PASSWORDS = {"auth": {"htpasswd": {"realm": "registry", "path": HTPASSWD}}}
# nginx and the registry both check the password of each request, at this cost.
BCRYPT_COST = 10


@dataclass(frozen=True, slots=True)
class Setup:
    """`servers` are the names of its processes in the room; a `slow` set-up checks bcrypt at each request."""

    name: str
    url: str
    servers: tuple[str, ...]
    login: bool = False
    slow: bool = False


@dataclass(frozen=True, slots=True)
class Peer:
    """Any other registry: a command of this machine, and its URL inside the room."""

    name: str
    command: str
    url: str

    @classmethod
    def parse(cls, text: str) -> "Peer":
        """NAME=COMMAND@URL.

        Raises:
            ValueError: the text has another form.
        """
        name, equals, rest = text.partition("=")
        command, at, url = rest.rpartition("@")
        if not (name and equals and command and at and url.startswith("http")):
            raise ValueError(f"{text!r} is not NAME=COMMAND@URL, as in zot='zot serve zot.json@http://127.0.0.1:8080'")
        return cls(name, command, url)


@dataclass(frozen=True, slots=True)
class Stand:
    """All set-ups on one storage. `image` has the paths of each set-up's pushed image by kind."""

    room: Room
    storage: str
    setups: tuple[Setup, ...]
    image: dict[str, dict[str, str]] = field(default_factory=dict)

    def ours(self) -> Setup:
        return next(setup for setup in self.setups if setup.name == OURS)

    def cpu_seconds(self, setup: Setup) -> float:
        """Of all processes of the set-up, since they started."""
        return cpu_seconds(self.room, setup.servers)


@contextmanager
def stand_up(storage: str, peers: Sequence[Peer], say: Say) -> Iterator[Stand]:
    """All set-ups on a storage of STORAGES, until the end of the block. Peers have a storage of their own."""
    workplace = Workplace.of_this_machine()
    programs = built(workplace, ON_S3, say) | {LOAD: build(workplace, "load", say)}
    with furnished(door_root(workplace, say), programs) as room:
        for name in ("wrk.lua", "tags.lua", "tutorial.conf", "ceiling.conf"):
            shutil.copy(HERE / name, room.place(f"/opt/{name}"))
        say(f"standing up the set-ups on {storage} …")
        start_s3(room)
        hashed = door.hash_password(room, PASSWORD, BCRYPT_COST)
        room.place(HTPASSWD).write_text(f"{USER}:{hashed}\n")
        setups = [
            start_bare(room, driver(storage, "bare")),
            start_own_tls(room, driver(storage, "own-tls")),
            start_tutorial(room, driver(storage, "tutorial")),
            start_ours(room, driver(storage, "ours"), hashed),
            *(start_peer(room, peer) for peer in peers),
        ]
        start_nginx(room, "ceiling", "127.0.0.1:8090")
        yield Stand(room, storage, tuple(setups))


def build(workplace: Workplace, name: str, say: Say) -> Path:
    """The program of the folder bench/`name`, built with the Go of the project's environment."""
    program = cache() / name
    program.parent.mkdir(parents=True, exist_ok=True)
    say(f"building bench/{name} …")
    # Not the rehearsal's caches, which a rehearsal clears.
    own = {"GOCACHE": str(cache() / "go-build"), "GOMODCACHE": str(cache() / "go-modules")}
    environment = parts.go_environment(workplace) | own
    folder = HERE.parent / name
    command = ["go", "build", "-o", str(program), "."]
    done = subprocess.run(command, env=environment, cwd=folder, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise RoomError(f"bench/{name} does not build (is `make setup` done?):\n{done.stderr}")
    return program


def driver(storage: str, name: str) -> StorageDriver:
    """Each set-up's own folder, on the file system or in the bucket."""
    if storage == "filesystem":
        return filesystem(f"/srv/{name}")
    return s3(f"http://{DELAYED_ADDRESS}", BUCKET, f"/{name}", (KEY, SECRET))


def start_s3(room: Room, delay_milliseconds: int = DELAY_MILLISECONDS, jitter_milliseconds: int = 0) -> None:
    start_gateway(room, S3_ADDRESS, BUCKET, KEY, SECRET)
    added = (f"-delay={delay_milliseconds}ms", f"-jitter={jitter_milliseconds}ms")
    delay = (*added, f"-listen={DELAYED_ADDRESS}", f"-url=http://{S3_ADDRESS}")
    room.start("delay", LOAD, "delay", *delay)
    room.wait_for("delay", DELAYED_ADDRESS)


def start_nginx(room: Room, name: str, address: str) -> None:
    room.start(name, "nginx", "-c", f"/opt/{name}.conf", "-g", "daemon off;")
    room.wait_for(name, address)


def start_bare(room: Room, storage: StorageDriver) -> Setup:
    start_registry(room, "bare", "127.0.0.1:5100", storage)
    return Setup(BARE, "http://127.0.0.1:5100", ("bare",))


def start_own_tls(room: Room, storage: StorageDriver) -> Setup:
    room.run("chmod", "-R", "a+rX", str(Path(door.CERTIFICATE).parent))
    tls = {"http": {"tls": {"certificate": door.CERTIFICATE, "key": door.KEY}}}
    start_registry(room, "own-tls", "127.0.0.1:5200", storage, changes=tls | CHECKS_PASSWORDS)
    return Setup(OWN_TLS, "https://localhost:5200", ("own-tls",), login=True, slow=True)


def start_tutorial(room: Room, storage: StorageDriver) -> Setup:
    start_registry(room, "tutorial-registry", "127.0.0.1:5300", storage, changes=CHECKS_PASSWORDS)
    start_nginx(room, "tutorial", "127.0.0.1:8443")
    return Setup(TUTORIAL, "https://localhost:8443", ("tutorial-registry", "tutorial"), login=True, slow=True)


def start_ours(room: Room, storage: StorageDriver, hashed: str) -> Setup:
    for access in ("push", "pull"):
        door.write_users(room, access, {USER: hashed})
    start_registry(room, "registry", door.BEHIND, storage)
    door.start_door(room)
    return Setup(OURS, "https://localhost:443", ("registry", "nginx", "auth"), login=True)


def start_peer(room: Room, peer: Peer) -> Setup:
    """Start it with the machine's files and the room's network."""
    room.start_in_network(peer.name, "sh", "-c", f"exec {peer.command}")
    room.wait_for(peer.name, peer.url.partition("://")[2].partition("/")[0])
    return Setup(peer.name, peer.url, (peer.name,))


def add_users(stand: Stand, *names: str) -> None:
    """Add users to our door, with the password of all."""
    hashed = stand.room.place(HTPASSWD).read_text().strip().partition(":")[2]
    for access in ("push", "pull"):
        door.write_users(stand.room, access, dict.fromkeys((USER, *names), hashed))


def without_redirect(stand: Stand) -> None:
    """Make our registry send layers itself."""
    stand.room.stop("registry")
    start_registry(stand.room, "registry", door.BEHIND, driver(stand.storage, "ours"), redirect=False)
    time.sleep(1)
