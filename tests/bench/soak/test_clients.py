"""What a client writes into the ledger, and what it repeats."""

import random
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.soak import clients, ledger
from bench.soak.clients import Worker
from bench.soak.ledger import Ledger
from bench.soak.tools import CRANE, DOCKER, ClientError, Place, Tool

DIGEST = f"sha256:{'a' * 64}"
Made = Callable[..., Worker]


@pytest.fixture
def worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Made:
    """Its client's commands are this line of a shell, whatever it asks for."""
    monkeypatch.setattr(clients, "REPEAT_SECONDS", (0,))
    (tmp_path / "clients").mkdir()

    def make(line: str, tool: Tool = CRANE) -> Worker:
        place = Place("r.example.com", tmp_path / "clients", lambda _: ["bash", "-c", line])
        return Worker(place, tool, "soak/one", Ledger(tmp_path / "ledger"), random.Random(1), pause_seconds=0)  # noqa: S311

    return make


def test_a_push_is_in_the_ledger_once_it_is_acknowledged(worker: Made) -> None:
    pushing = worker("true")
    pushing.push_new()
    assert ledger.read(pushing.ledger.path) == tuple(pushing.pushes)
    assert pushing.pushes[0].by_tag == "soak/one:0"


def test_a_push_that_is_given_up_is_not_in_the_ledger(worker: Made) -> None:
    pushing = worker("echo refused >&2; exit 1")
    pushing.patience_seconds = 0
    pushing.push_new()
    (operation,) = pushing.operations
    assert (operation.given_up, operation.failures[0].said) == (True, "refused")
    assert ledger.read(pushing.ledger.path) == ()


def test_a_push_that_failed_is_repeated_and_counted(worker: Made, tmp_path: Path) -> None:
    pushing = worker(f"rmdir {tmp_path}/in-the-way || {{ mkdir {tmp_path}/in-the-way; exit 1; }}")
    pushing.push_new()
    assert [len(each.failures) for each in pushing.operations][:1] == [1]
    assert ledger.read(pushing.ledger.path) == tuple(pushing.pushes) != ()


def test_docker_says_the_digest_of_the_manifest_that_it_made(worker: Made) -> None:
    pushing = worker(f"echo 'layer sha256:{'b' * 64}'; echo '1: digest: {DIGEST} size: 528'", DOCKER)
    pushing.push_new()
    assert {push.manifest for push in pushing.pushes} == {DIGEST}


def test_a_client_that_does_not_work_is_found_at_the_beginning(worker: Made) -> None:
    with pytest.raises(RuntimeError, match="crane cannot push: no such registry"):
        worker("echo no such registry >&2; exit 1").begin()


def test_a_client_that_is_stuck_is_stopped(worker: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.soak.tools.STUCK_SECONDS", 0.1)
    place = worker("").place
    with pytest.raises(ClientError, match="stuck"):
        Place(place.registry, place.folder, list).run("sleep 60")


def test_a_pull_of_other_bytes_ends_the_client(worker: Made) -> None:
    pulling = worker("true")
    pulling.push_new()
    (pulling.place.folder / "soak-one-pulled").mkdir()
    with pytest.raises(RuntimeError, match=r"soak/one.*: the image is not whole"):
        pulling.work(threading.Event())
