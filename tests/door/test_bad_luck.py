"""What breaks at the front door makes it slower, never wrong."""

import base64
import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

import pytest

from rehearsal.contract import product
from rehearsal.machine.world.namespaces import children
from rehearsal.room import clock, door
from rehearsal.room.isolation import Room, RoomError
from tests.support.door_client import OCI_MANIFEST, PASSWORD_OF, REGISTRY, Client
from tests.support.waiting import until

ON_DISK = ("/var/cache/nginx-manifests", "/var/cache/nginx-tags", "/var/lib/nginx")
CHOOSE_FEATURES = product.USERDATA / product.CHOOSE_FEATURES
EMPTY_CACHES = product.USERDATA / "steps/empty-caches"
ERRORS = "/var/log/nginx/error.log"
HOUR = 3600
# A tag of each of 40,000 repositories.
MANY = """
local asked, answered = 0, 0
function request()
  asked = asked + 1
  return wrk.format("GET", "/v2/luck/" .. asked .. "/manifests/1.0")
end
function response()
  answered = answered + 1
  if answered == 40000 then
    print(answered .. " done")
    io.stdout:flush()
    os.exit(0)
  end
end
"""
Harm = Callable[[Room, str], AbstractContextManager[None]]


@contextmanager
def read_only(room: Room, folder: str) -> Iterator[None]:
    room.run("mount", "--bind", folder, folder)
    room.run("mount", "-o", "remount,ro,bind", folder)
    try:
        yield
    finally:
        room.run("umount", folder)


@contextmanager
def full(room: Room, folder: str) -> Iterator[None]:
    """A file system of a megabyte, which is full."""
    room.run("mount", "-t", "tmpfs", "-o", "size=1m,mode=0700,uid=www-data", "tmpfs", folder)
    try:
        fill(room, folder)
        yield
    finally:
        room.run("umount", "--lazy", folder)


def fill(room: Room, folder: str) -> None:
    with pytest.raises(RoomError, match="No space left"):
        room.run("dd", "if=/dev/zero", f"of={folder}/of-others", "bs=4k")


@pytest.mark.parametrize("harm", [read_only, full])
@pytest.mark.parametrize("size", [0, 60_000], ids=["small", "larger"])
def test_manifests_are_answered_and_pushes_stored_while_nginxs_disk_is(
    client: Client, room: Room, harm: Harm, size: int
) -> None:
    before, repository = client.push("luck/disk", tag="1.0", mark="m" * size), f"luck/disk-{harm.__name__}-{size}"
    assert client.ask(before.path).body == before.body
    with ExitStack() as mounts:
        for folder in ON_DISK:
            mounts.enter_context(harm(room, folder))
        client.begin_half_minute()
        # Larger than nginx's buffers: it would be written to the disk if nginx did not stream it.
        client.push_blob(repository, "b" * 5_000_000)
        pushed = client.push(repository, tag="1.0", mark="m" * size)
        for path in (before.path, pushed.path, f"/v2/{repository}/manifests/1.0") * 2:
            assert client.ask(path).body == (before if path == before.path else pushed).body
            assert client.ask(path, "--head").status == 200
        assert client.ask(pushed.path, user=None).status == 401
        client.delete(pushed)
        assert client.ask(pushed.path).status == 404


def test_files_of_others_in_run_leave_logins_and_manifests_alone(client: Client, room: Room) -> None:
    room.run("mount", "-o", "remount,size=1m", "/run")
    try:
        fill(room, "/run")
        door.forget(room, door.LOGINS)
        client.begin_half_minute()
        pushed = client.push("luck/run", tag="1.0")
        for path in ("/v2/", pushed.path, "/v2/luck/run/manifests/1.0") * 2:
            assert client.ask(path).status == 200
    finally:
        room.place("/run/of-others").unlink()
        room.run("mount", "-o", "remount,size=50%", "/run")


def test_the_caches_in_memory_have_room_for_all_that_nginx_keeps(room: Room) -> None:
    zones = re.findall(
        r"proxy_cache_path /run/nginx/.* max_size=(\d+)m", room.place("/etc/nginx/door/caches.conf").read_text()
    )
    assert len(zones) == 2
    about = os.statvfs(room.place("/run/nginx"))
    assert about.f_blocks * about.f_frsize > 1.2 * sum(map(int, zones)) * 1024 * 1024


def test_nginx_serves_on_when_its_javascript_is_gone_until_a_restart(client: Client, room: Room) -> None:
    modules, away = "/etc/nginx/modules-enabled", "/srv/modules"
    pushed = client.push("luck/module", tag="1.0")
    room.run("cp", "--archive", modules, away)
    room.run("sh", "-c", f"rm {modules}/*")
    try:
        with pytest.raises(RoomError, match="js_"):
            room.run("bash", given=CHOOSE_FEATURES.read_text())
        room.run("sh", "-c", "nginx -s reload || true")
        assert client.ask(pushed.path).body == pushed.body
    finally:
        room.run("sh", "-c", f"cp --archive {away}/* {modules}")
    # The attempt has changed no choice.
    room.run("nginx", "-t", "-q")
    assert client.ask(pushed.path).body == pushed.body
    assert {link.readlink().name for link in room.place("/etc/nginx/features").glob("*/chosen")} == {"with"}


def test_an_older_javascript_after_an_upgrade_is_noticed_before_nginx_starts(room: Room) -> None:
    file = room.place("/etc/nginx/features/shared-dictionaries/with/front-door.conf")
    before = file.read_text()
    file.write_text(before.replace("js_shared_dict_zone", "js_unknown_to_this_version"))
    try:
        room.run("bash", given=CHOOSE_FEATURES.read_text())
        assert room.place("/etc/nginx/features/shared-dictionaries/chosen").readlink().name == "without"
        room.run("nginx", "-t", "-q")
    finally:
        file.write_text(before)
        room.run("ln", "-sfn", "with", "/etc/nginx/features/shared-dictionaries/chosen")
    assert (
        product.CHOOSE_FEATURES in (product.USERDATA / "etc/systemd/system/nginx.service.d/registry.conf").read_text()
    )


def reload(room: Room) -> None:
    """Until each process of the old configuration is gone."""
    before = set(children(room.pid_of("nginx")))
    room.run("nginx", "-s", "reload")
    until(lambda: before.isdisjoint(children(room.pid_of("nginx"))))


def test_a_choice_of_features_that_was_cut_off_half_way_refuses_no_push_and_is_made_again(
    client: Client, room: Room
) -> None:
    links = list(room.place("/etc/nginx/features").glob("*/chosen"))
    for link in links:
        link.unlink()
        link.symlink_to("without")
    reload(room)
    pushed = client.push("luck/choice", tag="1.0")
    assert client.ask(pushed.path).body == client.ask("/v2/luck/choice/manifests/1.0").body == pushed.body
    client.delete(pushed)
    assert client.ask(pushed.path).status == 404
    room.run("bash", given=CHOOSE_FEATURES.read_text())
    reload(room)
    assert {link.readlink().name for link in links} == {"with"}


@pytest.mark.parametrize("jump_seconds", [0, HOUR])
def test_a_worker_that_dies_during_a_push_leaves_its_repository_to_the_registry(
    client: Client, room: Room, jump_seconds: int
) -> None:
    """Also if the clock has jumped during an earlier push, and somebody read then."""
    repository = f"luck/killed-{jump_seconds}"
    first, second = client.push(repository, tag="1.0"), client.push(repository, tag="2.0")
    path = f"/v2/{repository}/manifests/1.0"
    put = ("--request", "PUT", "--header", f"Content-Type: {OCI_MANIFEST}", "--data-binary", "@-", "--max-time", "0.5")
    with client.registry_silent():
        with pytest.raises(RoomError):
            client.ask(path, *put, user="pusher", given=first.body)
        clock.step(room, jump_seconds)
        with pytest.raises(RoomError):
            client.ask(path, "--max-time", "0.5")
    client.begin_half_minute()
    assert client.ask(path).body == first.body
    with client.registry_silent():
        with pytest.raises(RoomError):
            client.ask(path, *put, user="pusher", given=second.body)
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
    client.begin_half_minute()
    path = "/v2/luck/restarted/manifests/1.0"
    first = client.push("luck/restarted", tag="1.0")
    assert client.ask(path).body == first.body
    room.stop("nginx")
    door.start_nginx(room, clock.ENVIRONMENT)
    second = client.push("luck/restarted", tag="1.0")
    assert client.ask(path).body == second.body


def test_tags_of_forty_thousand_repositories_fill_no_dictionary(client: Client, room: Room) -> None:
    room.place(ERRORS).write_text("")
    room.place("/srv/many.lua").write_text(MANY)
    login = base64.b64encode(f"puller:{PASSWORD_OF['puller']}".encode()).decode()
    wrk = ("wrk", "--threads=1", "--connections=100", "--duration=60s", "--script=/srv/many.lua")
    told = room.run(*wrk, "--header", f"Authorization: Basic {login}", "https://127.0.0.1", timeout_seconds=120).stdout
    assert "40000 done" in told
    assert "memory" not in room.place(ERRORS).read_text()
    client.await_kept_tag("luck/among")


def test_a_manifest_of_100_kb_is_answered_and_not_kept_in_memory(client: Client, room: Room) -> None:
    client.begin_half_minute()
    door.forget(room, door.MANIFESTS)
    pushed = client.push("luck/large", tag="1.0", mark="m" * 100_000)
    for path in (pushed.path, "/v2/luck/large/manifests/1.0"):
        assert client.ask(path).body == pushed.body
    files = [file for file in room.place(door.MANIFESTS).rglob("*") if file.is_file()]
    assert max((file.stat().st_size for file in files), default=0) < 100_000


def test_a_clock_set_back_an_hour_brings_nothing_back(client: Client, room: Room) -> None:
    client.begin_half_minute()
    hidden, deleted, moved = (client.push(f"luck/clock-{name}", tag="1.0") for name in ("hidden", "deleted", "moved"))
    tag = "/v2/luck/clock-moved/manifests/1.0"
    for path in (hidden.path, deleted.path, moved.path, tag):
        assert client.ask(path).status == 200
    clock.step(room, -HOUR)
    empty_caches(room)
    client.delete(hidden, at=REGISTRY)
    client.delete(deleted)
    second = client.push("luck/clock-moved", tag="1.0")
    for seconds in (0, 0, HOUR):
        clock.step(room, seconds)
        assert [client.ask(path).status for path in (hidden.path, deleted.path)] == [404, 404]
        assert client.ask(tag).body == second.body


def test_a_clock_set_back_an_hour_leaves_no_revoked_login(client: Client, room: Room) -> None:
    assert client.ask("/v2/", user="visitor").status == 200
    clock.step(room, -HOUR)
    empty_caches(room)
    users = room.place(product.PULL_USERS)
    before = users.read_text()
    users.write_text("".join(line for line in before.splitlines(keepends=True) if not line.startswith("visitor:")))
    room.run("curl", "--silent", "--fail", "--request", "POST", "http://127.0.0.1:5080/forget-logins")
    try:
        for seconds in (0, HOUR):
            clock.step(room, seconds)
            assert client.ask("/v2/", user="visitor").status == 401
    finally:
        users.write_text(before)


def empty_caches(room: Room) -> None:
    """As registry-clock.timer starts it on the host."""
    room.run("bash", "-c", f"systemctl() {{ kill -HUP $(cat /run/nginx.pid); }}\n{EMPTY_CACHES.read_text()}")
    time.sleep(0.5)
