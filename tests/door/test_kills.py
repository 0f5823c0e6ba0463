"""A soak in small: the front door's processes are killed while clients push, and no acknowledged push is lost."""

import json
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path

import pytest

from bench.soak import clients, killer
from bench.soak.clients import Clients, Worker
from bench.soak.killer import MissedError, Victim
from bench.soak.ledger import Ledger, promised
from bench.soak.tools import CHUNKS, CRANE, SCRIPTS, Place
from bench.soak.verification import fetcher, losses
from rehearsal.age.bucket import ROOT
from rehearsal.machine import parts
from rehearsal.machine.world.namespaces import children
from rehearsal.room import clock, door
from rehearsal.room.door import CERTIFICATE, DOMAIN
from rehearsal.room.isolation import Room
from tests.support.door_client import IMAGES, PASSWORD_OF, Client
from tests.support.door_room import built

KILLS, PATIENCE_SECONDS = 10, 30
SIZES = ((2_000, 2), (300_000, 1))
FOLDER = "/srv/soak"
ENVIRONMENT = {"HOME": FOLDER, "SSL_CERT_FILE": CERTIFICATE, "CURL_CA_BUNDLE": CERTIFICATE}


@pytest.fixture(scope="module")
def place(client: Client) -> Place:
    """A folder in the room whose clients have logged in."""
    room = client.room
    shutil.copy(built(parts.CRANE), room.place("/usr/local/bin/crane"))
    room.place("/etc/hosts").write_text(f"127.0.0.1 localhost {DOMAIN}\n")
    folder = room.place(FOLDER)
    folder.mkdir()
    for script in SCRIPTS:
        shutil.copy(script, folder)
    (folder / "netrc").write_text(f'machine {DOMAIN} login pusher password "{PASSWORD_OF["pusher"]}"\n')

    def command(argv: Sequence[str]) -> list[str]:
        return room.command(["env", f"--chdir={FOLDER}", *argv], ENVIRONMENT)

    login = command(["crane", "auth", "login", "--username", "pusher", "--password-stdin", DOMAIN])
    subprocess.run(login, input=PASSWORD_OF["pusher"], text=True, check=True, capture_output=True)
    return Place(DOMAIN, folder, command)


def victims(room: Room, client: Client) -> tuple[Victim, ...]:
    """Each is started again as Docker and systemd do."""

    def server(name: str, start: Callable[[], None]) -> Callable[[random.Random], str]:
        def strike(_: random.Random) -> str:
            pid, others = room.pid_of(name), children(room.pid_of(name))
            for process in (pid, *others):
                os.kill(process, signal.SIGKILL)
            room.started.pop(name).wait()
            start()
            return f"{name} {pid}"

        return strike

    def worker(chance: random.Random) -> str:
        workers = children(room.pid_of("nginx"))
        if not workers:
            raise MissedError("nginx has no worker")
        os.kill(pid := chance.choice(workers), signal.SIGKILL)
        return f"nginx {pid}"

    def start_login_check() -> None:
        # systemd removes the unit's folder.
        room.place("/run/registry-auth/auth.sock").unlink()
        door.start_login_check(room)

    return (
        Victim("registry", server("registry", client.start_registry), share=4),
        Victim("nginx", server("nginx", lambda: door.start_nginx(room, clock.ENVIRONMENT)), share=2),
        Victim("a worker of nginx", worker, share=2),
        Victim("login check", server("auth", start_login_check), share=2),
    )


def await_another_push(workers: Sequence[Worker]) -> None:
    """So that each kill finds clients at work, however slow the machine is."""
    before, deadline = sum(len(each.pushes) for each in workers), time.monotonic() + PATIENCE_SECONDS
    while sum(len(each.pushes) for each in workers) == before:
        assert time.monotonic() < deadline, [each.operations[-1:] for each in workers]
        time.sleep(0.02)


def test_kills_at_random_lose_no_acknowledged_push(
    place: Place, room: Room, client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clients, "SIZES", SIZES)
    monkeypatch.setattr(clients, "REPEAT_SECONDS", (0.1,))
    chance, ledger = random.Random(16), Ledger(tmp_path / "ledger")  # noqa: S311
    workers = [
        Worker(place, tool, f"soak/{number}", ledger, random.Random(number), pause_seconds=0.1)  # noqa: S311
        for number, tool in enumerate((CRANE, CRANE, CRANE, CHUNKS))
    ]
    for each in workers:
        each.begin()
    kills = []
    with Clients(workers) as running:
        for victim in islice(killer.order(victims(room, client), chance), KILLS):
            await_another_push(workers)
            kills.append(killer.kill(victim, chance))
    ledger.close()
    assert running.failed == []
    assert [kill.missed for kill in kills] == [""] * KILLS
    assert [each for each in running.operations if each.given_up] == []
    images = promised(ledger.path)
    assert len(images) > KILLS
    assert losses(images, fetcher(place), place.folder / "fresh") == ()


def test_damage_in_the_registry_is_found_afterwards(place: Place, room: Room, tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    worker = Worker(place, CRANE, "soak/damaged", ledger, random.Random(5))  # noqa: S311
    while len(worker.pushes) < 3:
        worker.push_new()
    ledger.close()
    changed, deleted = worker.pushes[0], worker.pushes[-1]
    blobs = room.place(IMAGES) / ROOT / "blobs/sha256"

    def data_of(digest: str) -> Path:
        name = digest.removeprefix("sha256:")
        return blobs / name[:2] / name / "data"

    manifest = json.loads(data_of(changed.manifest).read_text())
    with data_of(manifest["layers"][0]["digest"]).open("r+b") as layer:
        layer.seek(1000)
        layer.write(b"another byte")
    data_of(deleted.manifest).unlink()
    door.forget(room, door.MANIFESTS)
    lost = losses(promised(ledger.path), fetcher(place), place.folder / "fresh")
    assert {loss.push.manifest for loss in lost} == {changed.manifest, deleted.manifest}
