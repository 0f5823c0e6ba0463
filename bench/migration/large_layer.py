"""A layer of many gigabytes on S3: broken off half-way, pushed again, pulled, and copied from another registry.

All of it lies on the machine's disk, which needs six times the layer's size.
"""

import argparse
import hashlib
import os
import random
import re
import shlex
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import page
from bench.door.setups import BUCKET, KEY, ON_S3, S3_ADDRESS, SECRET
from bench.door.tags import proportional_bytes
from bench.migration.subject import LOGIN, OLD_COST, PROJECT, command, start_ours
from bench.page import Target
from rehearsal.age import bucket
from rehearsal.age.image import CONFIG, LAYER, MANIFEST, Blob, Manifest
from rehearsal.machine import fitness
from rehearsal.machine.root_layers import Say
from rehearsal.machine.workplace import Workplace
from rehearsal.room import door
from rehearsal.room.furnished import built, furnished
from rehearsal.room.isolation import Room, RoomError, cpu_seconds, door_root, family
from rehearsal.room.old_registry import HAND_MADE, IMAGES, save_logins, start_hand_made
from rehearsal.room.registry_server import s3
from rehearsal.room.s3 import BUCKETS, start_gateway

SIDECAR = "/srv/sidecar"
# Without a sidecar the sizes of an upload's parts lie in an extended attribute, which ext4 limits to 4 kB: about 800
# parts. S3's own copying takes none of our processors, so at least there is no MD5 of it.
S3_OPTIONS = (f"--sidecar={SIDECAR}", "--data-integrity-etag")
REPOSITORY, COPY = "team/pushed", "team/copied"
PIECE_BYTES = 1 << 23
# Docker's containerd image store gives up after so long (https://github.com/moby/moby/issues/53700).
LONGEST_COMMIT_SECONDS = 30
# Of the 420 MiB of a t4g.nano.
MOST_MEMORY_MB = 210
SERVERS = {"nginx": ("nginx", "auth"), "registry": ("registry",)}
CURL = (
    "curl", "--silent", "--show-error", "--fail", "--cacert", door.CERTIFICATE,
    "--resolve", f"{door.DOMAIN}:443:127.0.0.1", "--user", f"{LOGIN.user}:{LOGIN.password}",
)  # fmt: skip
ADDRESS = f"https://{door.DOMAIN}/v2/{REPOSITORY}/blobs"


@dataclass(frozen=True, slots=True)
class Step:
    """`cpu_seconds` are those of the host and of S3, `most` has the largest memory of servers and client in bytes."""

    told: str
    seconds: float
    cpu_seconds: tuple[float, float]
    most: Mapping[str, int]

    def cells(self, what: str, commit: str = "") -> list[str]:
        numbers = (*self.cpu_seconds, *(each / 1e6 for each in self.most.values()))
        return [what, f"{self.seconds:.0f}", commit, *(f"{each:.0f}" for each in numbers)]


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--gigabytes", type=int, default=10, help="the layer's size (default: 10)")


def measure(arguments: argparse.Namespace, say: Say) -> bool:
    """Returns whether its targets are kept."""
    workplace = Workplace.of_this_machine()
    fitness.make_fit(workplace, say)
    size = arguments.gigabytes * 10**9
    with furnished(door_root(workplace, say), built(workplace, ON_S3, say)) as room:
        lie_on_disk(room)
        say(f"writing {size:,} bytes …")
        layer = write_image(room.place(IMAGES), size)
        start(room)
        say("breaking a push off half-way …")
        break_off(room, layer, size // 2)
        left = held(room)
        pushed = step(room, upload(room, layer))
        code, sent, over = pushed.told.split()[-3:]
        commit = float(over) - float(sent)
        say(f"pushed with {code} in {pushed.seconds:.0f} s, {commit:.1f} s of them after the last byte")
        pulled = step(room, room.command(["sh", "-c", f"{shlex.join(CURL)} --location {ADDRESS}/{layer} | sha256sum"]))
        if pulled.told.split()[-2] != layer.removeprefix("sha256:"):
            raise RoomError(f"the layer came back as {pulled.told}")
        say(f"pulled, byte for byte, in {pulled.seconds:.0f} s")
        logins = room.logs.parent / "logins"
        save_logins(logins, dict.fromkeys((HAND_MADE, door.DOMAIN), LOGIN))
        copied = step(room, *command(room, logins))
        say(copied.told)
        after = held(room)
    rows = [
        pushed.cells("pushed again, by curl", f"{commit:.1f}"),
        pulled.cells("pulled from S3, the same bytes"),
        copied.cells("copied by `python -m migrate`, verified"),
    ]
    header = (
        "what",
        "seconds",
        "seconds from the last byte to the answer",
        "CPU of the host, s",
        "of S3, s",
        *(f"{name}, MB" for name in (*SERVERS, "client")),
    )
    about = (
        f"A push was broken off half-way first. S3 then held {left}, and at the end {after}. Load of the machine's "
        f"{os.cpu_count()} processors: {os.getloadavg()[1]:.1f} in five minutes."
    )
    title = f"A layer of {arguments.gigabytes} GB"
    memory = max(each.most["nginx"] + each.most["registry"] for each in (pushed, pulled, copied)) / 1e6
    targets = [
        Target(f"{title}: seconds from its last byte to the answer", LONGEST_COMMIT_SECONDS, [commit]),
        Target(f"{title}: most memory of nginx and registry", MOST_MEMORY_MB, [memory], unit=" MB"),
    ]
    return page.report(arguments.output, "large-layer", {title: f"{page.table(header, rows)}\n\n{about}"}, targets)


def lie_on_disk(room: Room) -> None:
    """The room's /srv is memory."""
    for place in (IMAGES, BUCKETS, SIDECAR):
        room.run("mkdir", "-p", place, f"/var{place}")
        room.run("mount", "--bind", f"/var{place}", place)


def write_image(images: Path, size: int) -> str:
    """An old registry's image of one layer; returns the layer's digest."""
    bucket.prepare(images)
    piece, digest = random.Random(size).randbytes(PIECE_BYTES), hashlib.sha256()  # noqa: S311
    new = images / "new"
    with new.open("wb") as file:
        for number, begin in enumerate(range(0, size, PIECE_BYTES)):
            content = (number.to_bytes(8) + piece[8:])[: size - begin]
            digest.update(content)
            file.write(content)
    layer, configuration = f"sha256:{digest.hexdigest()}", Blob.of(CONFIG, b"{}")
    described = {"mediaType": LAYER, "digest": layer, "size": size}
    document = {"schemaVersion": 2, "mediaType": MANIFEST, "config": configuration.descriptor(), "layers": [described]}
    manifest = Manifest(Blob.json(MANIFEST, document), (configuration,), ("1.0",))
    new.rename(bucket.write_large_image(images, COPY, manifest, layer))
    return layer


def start(room: Room) -> None:
    start_gateway(room, S3_ADDRESS, BUCKET, KEY, SECRET, storage=S3_OPTIONS)
    start_ours(room, s3(f"http://{S3_ADDRESS}", BUCKET, "", (KEY, SECRET)))
    start_hand_made(room, LOGIN, OLD_COST)


def upload(room: Room, layer: str) -> list[str]:
    """The machine's command that pushes the layer at once, as containerd does."""
    begun = room.run(*CURL, "--request", "POST", "--head", f"{ADDRESS}/uploads/").stdout
    place = re.search(r"^location: (\S+)", begun, re.IGNORECASE | re.MULTILINE)
    if not place:
        raise RoomError(f"no upload began: {begun}")
    file = f"{IMAGES}/{bucket.place_of(layer)}"
    told = ("--output", "/dev/null", "--write-out", "%{http_code} %{time_posttransfer} %{time_total}")
    kind = ("--header", "Content-Type: application/octet-stream")
    return room.command([*CURL, *told, *kind, "--upload-file", file, f"{place[1]}&digest={layer}"])


def break_off(room: Room, layer: str, size: int) -> None:
    """Push until S3 has so many bytes of it, and hang up."""
    with subprocess.Popen(upload(room, layer), stdout=subprocess.DEVNULL) as process:
        while process.poll() is None and stored(room) < size:
            time.sleep(0.1)
        process.kill()


def step(room: Room, argv: Sequence[str], environment: Mapping[str, str] | None = None) -> Step:
    """Raises RoomError: the command failed."""

    def cpu() -> tuple[float, float]:
        return cpu_seconds(room, [each for names in SERVERS.values() for each in names]), cpu_seconds(room, ["s3"])

    most: dict[str, int] = {}
    began, before = time.monotonic(), cpu()
    with subprocess.Popen(
        argv, env=environment, cwd=PROJECT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        while process.poll() is None:
            servers = {name: [room.started[each].pid for each in names] for name, names in SERVERS.items()}
            for name, pids in (servers | {"client": [process.pid]}).items():
                most[name] = max(most.get(name, 0), sum(memory(pid) for first in pids for pid in family(first)))
            time.sleep(0.3)
        told = process.stdout.read() if process.stdout else ""
    if process.returncode != 0:
        raise RoomError(f"{' '.join(argv)} failed with {process.returncode}: {told[-2000:]}")
    host, storage = (after - earlier for after, earlier in zip(cpu(), before, strict=True))
    return Step(told, time.monotonic() - began, (host, storage), most)


def memory(pid: int) -> int:
    """0: it has ended meanwhile."""
    try:
        return proportional_bytes(pid)
    except (OSError, StopIteration):
        return 0


def stored(room: Room) -> int:
    """The bytes of all objects, and of all parts of uploads."""
    return int(room.run("du", "--summarize", "--block-size=1", BUCKETS).stdout.split()[0])


def held(room: Room) -> str:
    signed = ("curl", "--silent", "--fail", "--aws-sigv4", "aws:amz:us-east-1:s3", "--user", f"{KEY}:{SECRET}")
    uploads = room.run(*signed, f"http://{S3_ADDRESS}/{BUCKET}?uploads=").stdout.count("<Upload>")
    return f"{stored(room) / 1e9:.1f} GB and {uploads} unfinished uploads"
