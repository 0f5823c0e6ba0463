"""While the registry restarts, requests wait for it. What it may have done already is not asked for again."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest

from rehearsal.room.isolation import Room
from tests.support.door_client import FRONT, OCI_MANIFEST, Client, Pushed, curl_as, digest_of

# nginx waits for five (restart.js): a restart that took longer proves nothing.
SHORT_SECONDS = 4
TELLING = ("--write-out", "%{http_code}", "--output", "/dev/null")
PUT = ("--request", "PUT", "--header", f"Content-Type: {OCI_MANIFEST}", "--data-binary")
PATCH = ("--request", "PATCH", "--header", "Content-Type: application/octet-stream", "--data-binary", "a layer")


@pytest.fixture
def pushed(client: Client) -> Iterator[Pushed]:
    client.begin_half_minute()
    yield client.push("restart/image", tag="1.0")
    # The next test finds a registry that has lost nothing.
    assert client.ask("/v2/").status == 200


def statuses_over_a_restart(client: Client, prepare: Callable[[], list[tuple[str, ...]]]) -> list[int]:
    """Of requests that begin while no registry runs. They are prepared anew if the restart took too long."""
    while True:
        commands = [client.room.command([*curl_as("pusher"), *TELLING, *request]) for request in prepare()]
        with client.registry_gone():
            asking = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for command in commands]
            time.sleep(0.5)
            began = time.monotonic()
        took = time.monotonic() - began
        statuses = [int(each.communicate()[0]) for each in asking]
        if took < SHORT_SECONDS:
            return statuses


def kill_at_work(client: Client, *curl: str, user: str = "pusher") -> int:
    """The status of a request whose registry is killed after it has got it, and started again."""
    room = client.room
    room.send("registry", signal.SIGSTOP)
    asking = subprocess.Popen(room.command([*curl_as(user), *TELLING, *curl]), stdout=subprocess.PIPE, text=True)
    await_unread_bytes(room)
    os.kill(room.pid_of("registry"), signal.SIGKILL)
    # nsenter has stopped together with it.
    os.kill(room.started["registry"].pid, signal.SIGCONT)
    room.started.pop("registry").wait()
    client.start_registry()
    told, _ = asking.communicate()
    return int(told)


def await_unread_bytes(room: Room) -> None:
    """Until the registry, which is stopped, has some to read."""
    deadline = time.monotonic() + 10
    while "ESTAB" not in (
        seen := "".join(
            line
            for line in room.run("ss", "--tcp", "--numeric", "--no-header", "sport = :5000").stdout.splitlines(True)
            if line.split()[1] != "0"
        )
    ):
        assert time.monotonic() < deadline, seen
        time.sleep(0.02)


def an_upload(client: Client, content: str) -> str:
    """The address where it ends."""
    started = client.ask("/v2/restart/image/blobs/uploads/", "--request", "POST", user="pusher")
    patched = client.ask(
        started.headers["location"][0].removeprefix(FRONT), "--request", "PATCH",
        "--header", "Content-Type: application/octet-stream", "--data-binary", content, user="pusher",
    )  # fmt: skip
    assert patched.status == 202, patched
    return f"{patched.headers['location'][0]}&digest={digest_of(content)}"


def test_pulls_and_pushes_wait_for_the_registry(client: Client, pushed: Pushed) -> None:
    base = f"{FRONT}/v2/{pushed.repository}"

    def requests() -> list[tuple[str, ...]]:
        started = client.ask(f"/v2/{pushed.repository}/blobs/uploads/", "--request", "POST", user="pusher")
        return [
            ("--header", f"Accept: {OCI_MANIFEST}", f"{base}/manifests/1.0"),
            (f"{base}/tags/list",),
            ("--request", "POST", f"{base}/blobs/uploads/"),
            (*PATCH, started.headers["location"][0]),
            (*PUT, pushed.body, f"{base}/manifests/2.0"),
        ]

    assert statuses_over_a_restart(client, requests) == [200, 200, 202, 202, 201]
    assert client.ask(f"/v2/{pushed.repository}/manifests/2.0").body == pushed.body


def test_the_health_check_does_not_wait_and_others_do_not_wait_for_ever(client: Client) -> None:
    client.begin_half_minute()
    with client.registry_gone():
        for path in ("/v2/", "/v2/_catalog?n=1&last=~", "/v2/health/manifests/none"):
            assert client.ask(path, "--max-time", "4", user="health").status == 503
        answer = client.ask("/v2/restart/image/tags/list")
    assert answer.status == 503
    assert json.loads(answer.body)["errors"][0]["code"] == "UNAVAILABLE"


def test_a_read_that_the_registry_did_not_live_to_answer_is_asked_again(client: Client, pushed: Pushed) -> None:
    accept = ("--header", f"Accept: {OCI_MANIFEST}")
    path = f"{FRONT}/v2/{pushed.repository}/manifests/1.0"
    assert kill_at_work(client, *accept, path, user="puller") == 200


def test_a_change_that_the_registry_may_have_made_is_not_sent_again(client: Client, pushed: Pushed) -> None:
    base = f"{FRONT}/v2/{pushed.repository}"
    # Clients repeat a layer after 408, and not all of them after 503.
    changes = {
        (*PUT, pushed.body, f"{base}/manifests/3.0"): "503",
        ("--request", "DELETE", f"{FRONT}{pushed.path}"): "503",
        ("--request", "POST", f"{base}/blobs/uploads/"): "408",
        (*PATCH, f"{base}/blobs/uploads/a"): "408",
        ("--request", "PUT", f"{base}/blobs/uploads/b?digest={pushed.digest}"): "408",
    }
    with client.registry_dying() as received:
        for change, status in changes.items():
            command = client.room.command([*curl_as("pusher"), *TELLING, *change])
            assert subprocess.run(command, capture_output=True, text=True).stdout == status
            assert [line.split()[0] for line in received()] == [change[1]]


def test_a_layer_that_was_cut_is_refused_in_the_specifications_words(client: Client) -> None:
    with client.registry_dying():
        answer = client.ask("/v2/restart/image/blobs/uploads/", "--request", "POST", user="pusher")
    assert (answer.status, json.loads(answer.body)["errors"][0]["code"]) == (408, "UNAVAILABLE")


def test_the_end_of_an_upload_that_was_cut_can_be_repeated(client: Client) -> None:
    upload = an_upload(client, "a layer that is cut")
    assert kill_at_work(client, "--request", "PUT", upload) == 408
    again = client.ask(upload.removeprefix(FRONT), "--request", "PUT", user="pusher")
    assert again.status == 201, again
