"""The set-ups that are compared, each standing in the same room before the same kind of storage."""

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rehearsal.machine import parts
from rehearsal.machine.workplace import Workplace
from rehearsal.room import debian, door
from rehearsal.room.registry import PROGRAM, Storage, filesystem, s3, start_registry
from rehearsal.room.room import Room, RoomError, children, open_room

HERE = Path(__file__).parent
USER, PASSWORD = "bench", "a password of the bench"
BUCKET, KEY, SECRET = "images", "bench", "the secret key of the bench"
S3_ADDRESS, DELAYED_ADDRESS = "127.0.0.1:7070", "127.0.0.1:7071"
DELAY_MILLISECONDS = 30
# nginx and the registry both check the password of each request, at this cost.
BCRYPT_COST = 10

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Setup:
    """`servers` are the names under which its processes were started; `slow` checks bcrypt at each request."""

    name: str
    url: str
    servers: tuple[str, ...]
    login: bool = False
    slow: bool = False


@dataclass(frozen=True, slots=True)
class Peer:
    """Any other registry: a command of this machine and the URL it then answers at, inside the room."""

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
            raise ValueError(
                f"{text!r} is not NAME=COMMAND@URL, as in zot='zot serve zot.json@http://127.0.0.1:8080'"
            )
        return cls(name, command, url)


@dataclass(frozen=True, slots=True)
class Stand:
    """Everything that stands: `image` has the paths of the pushed image by kind."""

    room: Room
    storage: str
    setups: tuple[Setup, ...]
    image: dict[str, dict[str, str]] = field(default_factory=dict)

    def ours(self) -> Setup:
        return next(setup for setup in self.setups if setup.name == OURS)

    def cpu_seconds(self, setup: Setup) -> float:
        """Of all processes of the set-up, since they started."""
        total = 0
        pending = [self.room.started[name].pid for name in setup.servers]
        while pending:
            pid = pending.pop()
            pending += children(pid)
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
        return total / 100


BARE, OWN_TLS, TUTORIAL, OURS = "bare registry", "registry with TLS and htpasswd", "tutorial", "ours"


@contextmanager
def stand_up(storage: str, peers: Sequence[Peer], say: Say) -> Iterator[Stand]:
    """`storage` is filesystem or s3; peers bring their own."""
    workplace = Workplace.of_this_machine()
    registry = parts.prepare(workplace, parts.REGISTRY, say).path
    gateway = parts.prepare(workplace, parts.VERSITYGW, say).path
    if registry is None or gateway is None:
        raise RoomError("the registry and versitygw are built from their Go modules, which failed: see above")
    load = build_load(say)
    with open_room(debian.door_root(workplace, say)) as room:
        for program, place in ((registry, PROGRAM), (gateway, "/opt/versitygw"), (load, "/opt/load")):
            shutil.copy(program, room.place(place))
        for name in ("report.lua", "tutorial.conf", "ceiling.conf"):
            shutil.copy(HERE / name, room.place(f"/opt/{name}"))
        door.make_certificate(room)
        say(f"standing up the set-ups on {storage} …")
        start_s3(room)
        hashed = door.hash_password(room, PASSWORD, BCRYPT_COST)
        room.place("/etc/nginx/tutorial.htpasswd").write_text(f"{USER}:{hashed}\n")
        setups = [
            start_bare(room, storage_for(storage, "bare")),
            start_own_tls(room, storage_for(storage, "own-tls")),
            start_tutorial(room, storage_for(storage, "tutorial")),
            start_ours(room, storage_for(storage, "ours"), hashed),
            *(start_peer(room, peer) for peer in peers),
        ]
        room.start("ceiling", "nginx", "-c", "/opt/ceiling.conf", "-g", "daemon off;")
        room.wait_for("ceiling", "127.0.0.1:8090")
        yield Stand(room, storage, tuple(setups))


def build_load(say: Say) -> Path:
    """The load generator, with the Go of the project's environment."""
    place = debian.cache() / "load"
    place.parent.mkdir(parents=True, exist_ok=True)
    say("building the load generator …")
    # A rehearsal clears the cache it builds in.
    go_cache = {"GOCACHE": str(debian.cache() / "go-build")}
    environment = parts.go_environment(Workplace.of_this_machine()) | go_cache
    done = subprocess.run(
        ["go", "build", "-o", str(place), "."],
        env=environment,
        cwd=HERE / "load",
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise RoomError(f"bench/load does not build (is `make setup` done?):\n{done.stderr}")
    return place


def start_s3(room: Room) -> None:
    room.run("mkdir", "-p", f"/srv/buckets/{BUCKET}")
    room.start(
        "s3",
        *("/opt/versitygw", "--quiet", "--keep-alive", f"--port={S3_ADDRESS}", "posix", "/srv/buckets"),
        environment={"ROOT_ACCESS_KEY": KEY, "ROOT_SECRET_KEY": SECRET},
    )
    room.start("delay", "/opt/load", "delay", f"-ms={DELAY_MILLISECONDS}", f"-listen={DELAYED_ADDRESS}")
    room.wait_for("s3", S3_ADDRESS)
    room.wait_for("delay", DELAYED_ADDRESS)


def storage_for(kind: str, folder: str) -> Storage:
    """Each set-up's own place: a folder, or a prefix in the bucket."""
    if kind == "filesystem":
        return filesystem(f"/srv/{folder}")
    storage = s3(f"http://{DELAYED_ADDRESS}", BUCKET, KEY, SECRET)
    return Storage(storage.driver, {**storage.settings, "rootdirectory": f"/{folder}"}, storage.secrets)


def start_bare(room: Room, storage: Storage) -> Setup:
    start_registry(room, "bare", "127.0.0.1:5100", storage)
    return Setup(BARE, "http://127.0.0.1:5100", ("bare",))


def htpasswd(path: str) -> dict[str, dict[str, dict[str, str]]]:
    return {"auth": {"htpasswd": {"realm": "registry", "path": path}}}


def start_own_tls(room: Room, storage: Storage) -> Setup:
    tls = {"tls": {"certificate": door.CERTIFICATE, "key": door.CERTIFICATE.replace("fullchain", "privkey")}}
    room.run("chmod", "-R", "a+rX", str(Path(door.CERTIFICATE).parent))
    start_registry(
        room,
        "own-tls",
        "127.0.0.1:5200",
        storage,
        changes={"http": tls, **htpasswd("/etc/nginx/tutorial.htpasswd")},
    )
    return Setup(OWN_TLS, "https://localhost:5200", ("own-tls",), login=True, slow=True)


def start_tutorial(room: Room, storage: Storage) -> Setup:
    start_registry(
        room, "tutorial", "127.0.0.1:5300", storage, changes=htpasswd("/etc/nginx/tutorial.htpasswd")
    )
    room.start("tutorial-nginx", "nginx", "-c", "/opt/tutorial.conf", "-g", "daemon off;")
    room.wait_for("tutorial-nginx", "127.0.0.1:8443")
    return Setup(TUTORIAL, "https://localhost:8443", ("tutorial", "tutorial-nginx"), login=True, slow=True)


def start_ours(room: Room, storage: Storage, hashed: str) -> Setup:
    door.place_files(room)
    for access in ("push", "pull"):
        door.write_users(room, access, {USER: hashed})
    start_registry(room, "registry", "127.0.0.1:5000", storage)
    door.start_door(room)
    return Setup(OURS, "https://localhost:443", ("registry", "nginx", "auth"), login=True)


def start_peer(room: Room, peer: Peer) -> Setup:
    """With the machine's files and the room's network."""
    with room.log(peer.name) as log:
        room.started[peer.name] = subprocess.Popen(
            [
                "nsenter",
                f"--target={room.pid}",
                "--net",
                "setpriv",
                "--pdeathsig",
                "KILL",
                "sh",
                "-c",
                f"exec {peer.command}",
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    room.wait_for(peer.name, peer.url.partition("://")[2].partition("/")[0])
    return Setup(peer.name, peer.url, (peer.name,))


def add_users(stand: Stand, *names: str) -> None:
    """To ours, with the password of all."""
    hashed = stand.room.place("/etc/nginx/tutorial.htpasswd").read_text().strip().partition(":")[2]
    for access in ("push", "pull"):
        door.write_users(stand.room, access, dict.fromkeys((USER, *names), hashed))


def without_redirect(stand: Stand) -> None:
    """From now on our registry sends layers itself."""
    stand.room.stop("registry")
    start_registry(
        stand.room, "registry", "127.0.0.1:5000", storage_for(stand.storage, "ours"), redirect=False
    )
    time.sleep(1)
