"""The front door's cache of manifests by tag: what it saves, and changes that end badly (exactness: test_exactness)."""

import json
import time

import pytest

from rehearsal.room.isolation import Room, RoomError
from tests.door.test_manifests import COMBINATIONS, ODD
from tests.support.door_client import OCI_INDEX, OCI_MANIFEST, REGISTRY, TYPES, Client, Pushed

# Half a minute, the second in which the inner server counts an answer as new, and the request itself.
LONGEST_SECONDS = 35
# The inner server counts an answer as new for a second of its clock of whole seconds.
NEW_SECONDS = 2
# nginx keeps no tag before it is so old.
YOUNG_SECONDS = 5


@pytest.fixture(scope="module", autouse=True)
def _grown_up(client: Client) -> None:
    client.let_pass(YOUNG_SECONDS)


@pytest.fixture
def repository() -> str:
    """A name that no test has used, so that nothing is known about it."""
    return f"tags/{time.monotonic_ns()}"


def path_of(pushed: Pushed, tag: str = "1.0") -> str:
    return f"/v2/{pushed.repository}/manifests/{tag}"


def test_a_tag_is_read_once_from_the_registry_by_get_and_head_and_any_spelling(client: Client, repository: str) -> None:
    client.begin_half_minute()
    pushed = client.push(repository, tag="1.0")
    path = path_of(pushed)
    asked = ((path,), (path, "--head"), (f"{path}?ns=docker.io",), (path.replace("/v2/", "/v2//"),))
    with client.counting(path) as reads:
        answers = [client.ask(*each) for each in asked]
    assert [answer.status for answer in answers] == [200] * len(asked)
    assert {answer.headers["docker-content-digest"][0] for answer in answers} == {pushed.digest}
    assert len(reads) == 1


def test_the_health_check_asks_the_registry_itself(client: Client, repository: str) -> None:
    client.begin_half_minute()
    path = path_of(client.push(repository, tag="1.0"))
    assert client.ask(path).status == 200
    with client.counting(path) as reads:
        assert client.ask(path, user="health").status == 200
    assert len(reads) == 1


@pytest.mark.parametrize("media_type", TYPES)
def test_every_accept_header_gets_the_registrys_own_answer(client: Client, repository: str, media_type: str) -> None:
    path = path_of(client.push(repository, tag="1.0", media_type=media_type))
    for accept in [*COMBINATIONS, *ODD] * 2:
        expected = client.ask(path, accept=accept, at=REGISTRY, user=None)
        seen = client.ask(path, accept=accept)
        assert (seen.status, seen.body) == (expected.status, expected.body), accept
        assert seen.headers["content-type"] == expected.headers["content-type"]


def test_a_manifest_above_the_registrys_limit_is_refused_with_the_reason(
    client: Client, room: Room, repository: str
) -> None:
    room.place("/srv/large").write_bytes(b"{" + b" " * 4 * 1024 * 1024)
    put = ("--request", "PUT", "--header", f"Content-Type: {OCI_MANIFEST}")
    for how in (
        ("--data-binary", "@/srv/large"),
        ("--upload-file", "/srv/large", "--header", "Transfer-Encoding: chunked"),
    ):
        answer = client.ask(f"/v2/{repository}/manifests/1.0", *put, *how, user="pusher")
        assert answer.status == 413
        assert json.loads(answer.body)["errors"][0]["code"] == "MANIFEST_INVALID"


def test_a_tag_needs_a_login_each_time(client: Client, repository: str) -> None:
    path = path_of(client.push(repository, tag="1.0"))
    assert client.ask(path).status == 200
    assert client.ask(path, user=None).status == 401
    assert client.ask(path, password="guessed").status == 401  # noqa: S106


def test_a_tag_that_names_nothing_is_asked_for_each_time(client: Client, repository: str) -> None:
    path = f"/v2/{repository}/manifests/1.0"
    with client.counting(path) as reads:
        assert [client.ask(path).status for _ in range(3)] == [404] * 3
    assert len(reads) == 3


@pytest.mark.parametrize("by", ["tag", "digest"])
def test_a_deleted_tag_is_gone_at_once(client: Client, repository: str, by: str) -> None:
    pushed = client.push(repository, tag="1.0")
    client.put(pushed, "2.0")
    paths = [path_of(pushed), path_of(pushed, "2.0")]
    for path in paths:
        assert client.ask(path).body == pushed.body
    deleted = paths[0] if by == "tag" else pushed.path
    assert client.ask(deleted, "--request", "DELETE", user="pusher").status == 202
    assert [client.ask(path).status for path in paths] == ([404, 200] if by == "tag" else [404, 404])


def test_a_change_in_one_repository_leaves_the_cached_tags_of_others(client: Client, repository: str) -> None:
    client.begin_half_minute()
    path = path_of(client.push(repository, tag="1.0"))
    with client.counting(path) as reads:
        client.ask(path)
        client.push(f"{repository}/other", tag="1.0")
        client.ask(path)
    assert len(reads) == 1


def test_a_client_that_has_what_a_tag_names_gets_304(client: Client, repository: str) -> None:
    pushed = client.push(repository, tag="1.0")
    for _ in range(2):
        answer = client.ask(path_of(pushed), "--header", f'If-None-Match: "{pushed.digest}"')
        assert (answer.status, answer.body) == (304, "")


def test_a_tag_that_was_moved_in_the_registry_itself_is_seen_within_35_seconds(client: Client, repository: str) -> None:
    pushed = client.push(repository, tag="1.0")
    assert client.ask(path_of(pushed)).status == 200
    assert client.ask(path_of(pushed), "--request", "DELETE", user=None, at=REGISTRY).status == 202
    client.let_pass(LONGEST_SECONDS)
    assert client.ask(path_of(pushed)).status == 404


def test_a_tag_that_names_the_same_manifest_in_the_next_half_minute_is_confirmed_not_read(
    client: Client, repository: str
) -> None:
    client.begin_ten_minutes()
    pushed = client.push(repository, tag="1.0")
    path = path_of(pushed)
    with client.counting(path) as reads:
        for _ in range(2):
            assert client.ask(path).body == pushed.body
            client.let_pass(NEW_SECONDS)
            client.begin_half_minute()
    assert [line.rpartition(" ")[2] for line in reads] == ["200", "304"]


def test_a_tag_that_was_pushed_to_the_registry_itself_is_seen_in_the_next_half_minute(
    client: Client, repository: str
) -> None:
    first = client.push(repository, tag="1.0")
    second = client.push(repository, tag="2.0")
    path = path_of(first)
    assert client.ask(path).body == first.body
    put = ("--request", "PUT", "--header", f"Content-Type: {OCI_MANIFEST}", "--data-binary", "@-")
    assert client.ask(path, *put, user=None, at=REGISTRY, given=second.body).status == 201
    client.let_pass(NEW_SECONDS)
    client.begin_half_minute()
    assert client.ask(path).body == second.body


def test_a_tag_is_read_from_the_registry_while_a_push_is_under_way(client: Client, repository: str) -> None:
    client.begin_half_minute()
    first = client.push(repository, tag="1.0")
    second = client.push(repository, tag="2.0")
    path = path_of(first)
    assert client.ask(path).body == first.body
    with client.registry_silent():
        hang_up(client, second)
        # The other entry of the same tag may tell of the push. So this one must not tell of the time before.
        with pytest.raises(RoomError):
            client.ask(path, "--max-time", "0.5")
    assert client.ask(path).body == second.body


def test_a_tag_is_kept_again_after_a_push_whose_client_hung_up(client: Client, repository: str) -> None:
    client.begin_half_minute()
    first = client.push(repository, tag="1.0")
    second = client.push(repository, tag="2.0")
    path = path_of(first)
    with client.registry_silent():
        hang_up(client, second)
    deadline = time.monotonic() + 10
    while client.ask(path).body != second.body:
        assert time.monotonic() < deadline
    assert reads_of(client, path, 3) <= 1


def test_nothing_is_kept_after_a_push_of_unknown_outcome(client: Client, repository: str) -> None:
    pushed = client.push(repository, tag="1.0")
    with client.registry_dying():
        put = ("--request", "PUT", "--header", f"Content-Type: {OCI_MANIFEST}", "--data-binary", "@-")
        assert client.ask(path_of(pushed), *put, user="pusher", given=pushed.body).status == 503
    # The registry might still do it.
    assert reads_of(client, path_of(pushed), 3) == 3


def test_a_push_that_the_registry_refuses_leaves_the_tag_as_it_was(client: Client, repository: str) -> None:
    client.begin_half_minute()
    pushed = client.push(repository, tag="1.0")
    put = ("--request", "PUT", "--header", f"Content-Type: {OCI_INDEX}", "--data-binary", "{")
    assert client.ask(path_of(pushed), *put, user="pusher").status == 400
    assert client.ask(path_of(pushed)).body == pushed.body
    assert reads_of(client, path_of(pushed), 3) <= 1


def test_a_push_without_the_right_to_push_changes_nothing(client: Client, repository: str) -> None:
    client.begin_half_minute()
    pushed = client.push(repository, tag="1.0")
    assert client.ask(path_of(pushed)).status == 200
    assert client.ask(path_of(pushed), "--request", "DELETE", user="puller").status == 403
    assert reads_of(client, path_of(pushed), 3) == 0


@pytest.mark.parametrize("reference", ["a b", "x%0d%0aX: y", "%00", "a%2fb", "-"])
def test_a_reference_that_no_manifest_can_have_is_the_registrys_to_refuse(
    client: Client, room: Room, reference: str
) -> None:
    path = f"/v2/team/app/manifests/{reference.replace(' ', '%20')}"
    for options in ((), ("--request", "DELETE")):
        answer = client.ask(path, *options, user="pusher")
        assert 400 <= answer.status < 500
    assert room.started["nginx"].poll() is None


def hang_up(client: Client, pushed: Pushed) -> None:
    """Begin to push it as 1.0, while the registry is silent."""
    put = ("--request", "PUT", "--header", f"Content-Type: {OCI_MANIFEST}", "--data-binary", "@-")
    with pytest.raises(RoomError):
        client.ask(path_of(pushed), *put, "--max-time", "0.5", user="pusher", given=pushed.body)


def reads_of(client: Client, path: str, times: int) -> int:
    """How often the registry is asked when a client asks so often."""
    with client.counting(path) as reads:
        for _ in range(times):
            assert client.ask(path).status == 200
    return len(reads)
