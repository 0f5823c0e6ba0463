"""What breaks at the front door makes it slower, never wrong."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from rehearsal.machine.world.namespaces import children
from rehearsal.room import door
from rehearsal.room.isolation import Room, RoomError
from tests.support.door_client import FRONT, OCI_MANIFEST, Client, curl_as

DISK = ("/var/cache/nginx-manifests", "/var/cache/nginx-tags")
ERRORS = "/var/log/nginx/error.log"


@contextmanager
def read_only(room: Room, folder: str) -> Iterator[None]:
    room.run("mount", "--bind", folder, folder)
    room.run("mount", "-o", "remount,ro,bind", folder)
    try:
        yield
    finally:
        room.run("umount", folder)


def test_manifests_are_answered_while_the_disk_cache_is_read_only(client: Client, room: Room) -> None:
    pushed = client.push("luck/disk", tag="1.0")
    with ExitStack() as mounts:
        for folder in DISK:
            mounts.enter_context(read_only(room, folder))
        for path in (pushed.path, "/v2/luck/disk/manifests/1.0") * 2:
            assert client.ask(path).body == pushed.body
            assert client.ask(path, "--head").headers["docker-content-digest"] == [pushed.digest]
        assert client.ask(pushed.path, user=None).status == 401
        client.delete(pushed)
        assert client.ask(pushed.path).status == 404


def test_a_worker_that_dies_during_a_push_leaves_its_repository_to_the_registry(client: Client, room: Room) -> None:
    client.wait_for_a_fresh_half_minute()
    first, second = client.push("luck/killed", tag="1.0"), client.push("luck/killed", tag="2.0")
    path = "/v2/luck/killed/manifests/1.0"
    assert client.ask(path).body == first.body
    put = ("--request", "PUT", "--header", f"Content-Type: {OCI_MANIFEST}", "--data-binary", "@-")
    with client.registry_silent():
        with pytest.raises(RoomError):
            client.ask(path, *put, "--max-time", "0.5", user="pusher", given=second.body)
        for worker in children(room.pid_of("nginx")):
            os.kill(worker, signal.SIGKILL)
    # The registry may still do it, now or later: so it is asked each time.
    deadline = time.monotonic() + 10
    while client.ask(path).status != 200:
        assert time.monotonic() < deadline
    with client.counting(path) as reads:
        bodies = [client.ask(path).body for _ in range(3)]
    assert set(bodies) <= {first.body, second.body}
    assert len(reads) == 3


def test_a_restart_of_nginx_brings_no_cached_tag_back(client: Client, room: Room) -> None:
    client.wait_for_a_fresh_half_minute()
    path = "/v2/luck/restarted/manifests/1.0"
    first = client.push("luck/restarted", tag="1.0")
    assert client.ask(path).body == first.body
    room.stop("nginx")
    room.start("nginx", "nginx", "-g", "daemon off;")
    room.wait_for("nginx", "127.0.0.1:443")
    second = client.push("luck/restarted", tag="1.0")
    assert client.ask(path).body == second.body


def test_tags_of_forty_thousand_repositories_fill_no_dictionary(client: Client, room: Room) -> None:
    room.place(ERRORS).write_text("")
    many = (*curl_as("puller"), "--parallel", "--parallel-max", "100", "--head", "--output", "/dev/null")
    room.run(*many, f"{FRONT}/v2/luck/[1-40000]/manifests/1.0", timeout_seconds=120)
    assert "memory" not in room.place(ERRORS).read_text()
    client.wait_for_a_fresh_half_minute()
    pushed = client.push("luck/among", tag="1.0")
    path = "/v2/luck/among/manifests/1.0"
    with client.counting(path) as reads:
        assert [client.ask(path).body for _ in range(3)] == [pushed.body] * 3
    assert len(reads) == 1


def test_a_manifest_of_100_kb_is_answered_and_not_kept_in_memory(client: Client, room: Room) -> None:
    client.wait_for_a_fresh_half_minute()
    door.forget(room, door.MANIFESTS)
    pushed = client.push("luck/large", tag="1.0", mark="m" * 100_000)
    for path in (pushed.path, "/v2/luck/large/manifests/1.0"):
        assert client.ask(path).body == pushed.body
    files = [file for file in room.place(door.MANIFESTS).rglob("*") if file.is_file()]
    assert max((file.stat().st_size for file in files), default=0) < 100_000
