"""The front door's cache of manifests by digest: logins, lifetimes, Accept headers and deletions."""

import itertools
import subprocess
import time
from dataclasses import replace

import pytest

from rehearsal.room.isolation import Room
from tests.support.door_client import DOCKER_MANIFEST, FRONT, OCI_INDEX, OCI_MANIFEST, REGISTRY, TYPES, Client, curl_as

COMBINATIONS = [", ".join(some) for count in range(5) for some in itertools.combinations(reversed(TYPES), count)]
ODD = [
    None,
    "*/*",
    f"{OCI_MANIFEST}, */*",
    f"{OCI_INDEX};q=0.5,{OCI_MANIFEST};q=0.9",
    f" {OCI_MANIFEST.upper()} ",
    f"x{OCI_MANIFEST}",
    f"{OCI_MANIFEST}x",
    "application/vndXociXimageXmanifestXv1+json",
    f"text/plain;note={OCI_MANIFEST}",
]
# Half a minute, the second in which the cache counts an answer as new, and the request itself.
LONGEST_SECONDS = 35


def test_a_manifest_is_read_once_from_the_registry(client: Client) -> None:
    client.begin_half_minute()
    pushed = client.push("team/app")
    with client.counting(pushed.path) as reads:
        answers = [client.ask(pushed.path) for _ in range(5)]
    assert [(answer.status, answer.body) for answer in answers] == [(200, pushed.body)] * 5
    assert len(reads) == 1


def test_head_and_get_have_the_same_headers_in_any_order(client: Client) -> None:
    for first in ("GET", "HEAD"):
        pushed = client.push("team/app")
        head = ("--head",)
        for options in [(), head, ()] if first == "GET" else [head, (), head]:
            answer = client.ask(pushed.path, *options)
            assert answer.status == 200
            assert answer.headers["content-length"] == [str(len(pushed.body))]
            assert answer.headers["docker-content-digest"] == [pushed.digest]
            assert answer.headers["content-type"] == [OCI_MANIFEST]
            assert answer.headers["docker-distribution-api-version"] == ["registry/2.0"]
            if options != head:
                assert answer.body == pushed.body


@pytest.mark.parametrize("media_type", TYPES)
def test_every_accept_header_gets_the_registrys_own_answer(client: Client, media_type: str) -> None:
    pushed = client.push("team/types", media_type=media_type)
    for _ in range(2):
        for accept in [*COMBINATIONS, *ODD]:
            expected = client.ask(pushed.path, accept=accept, at=REGISTRY, user=None)
            seen = client.ask(pushed.path, accept=accept)
            assert (seen.status, seen.body) == (expected.status, expected.body), accept
            assert seen.headers["content-type"] == expected.headers["content-type"]


def test_several_accept_headers_count_together(client: Client) -> None:
    pushed = client.push("team/app")
    answer = client.ask(pushed.path, "--header", f"Accept: {OCI_MANIFEST}", accept=OCI_INDEX)
    assert (answer.status, answer.body) == (200, pushed.body)


def test_a_cached_manifest_needs_a_login(client: Client) -> None:
    pushed = client.push("team/app")
    assert client.ask(pushed.path).status == 200
    assert client.ask(pushed.path, user=None).status == 401
    assert client.ask(pushed.path, password="guessed").status == 401  # noqa: S106
    assert client.ask(pushed.path, user="nobody", password="guessed").status == 401  # noqa: S106
    assert client.ask(pushed.path, "--request", "DELETE").status == 403
    assert client.ask(pushed.path).status == 200


def test_a_moved_tag_is_served_at_once(client: Client) -> None:
    first = client.push("team/app", tag="1.0")
    assert client.ask("/v2/team/app/manifests/1.0").body == first.body
    second = client.push("team/app", tag="1.0")
    assert client.ask("/v2/team/app/manifests/1.0").body == second.body


def test_a_deleted_manifest_is_gone_at_once_for_every_accept_header(client: Client) -> None:
    pushed = client.push("team/app", media_type=DOCKER_MANIFEST)
    for accept in COMBINATIONS:
        assert client.ask(pushed.path, accept=accept).status == 200
    client.delete(pushed)
    for accept in COMBINATIONS:
        assert client.ask(pushed.path, accept=accept).status == 404


def test_a_deleted_manifest_does_not_come_back_while_the_registry_is_silent(client: Client) -> None:
    pushed = client.push("team/app")
    assert client.ask(pushed.path).status == 200
    client.delete(pushed)
    with client.registry_silent():
        assert client.ask(pushed.path).status == 503


def test_a_deleted_manifest_is_back_at_once_after_a_new_push(client: Client) -> None:
    pushed = client.push("team/app")
    client.delete(pushed)
    assert client.ask(pushed.path).status == 404
    client.put(pushed, pushed.digest)
    assert client.ask(pushed.path).body == pushed.body


def test_a_manifest_deleted_in_the_registry_itself_is_gone_within_35_seconds(client: Client) -> None:
    pushed = client.push("team/app")
    assert client.ask(pushed.path).status == 200
    client.delete(pushed, at=REGISTRY)
    client.let_pass(LONGEST_SECONDS)
    assert client.ask(pushed.path).status == 404


def test_a_cached_manifest_is_served_while_the_registry_is_silent(client: Client) -> None:
    pushed, other = client.push("team/app"), client.push("team/app")
    assert client.ask(pushed.path).status == 200
    client.begin_half_minute()
    with client.registry_silent():
        started = time.monotonic()
        assert client.ask(pushed.path).body == pushed.body
        assert time.monotonic() - started < 7
        # The second time, nginx does not wait for the registry.
        started = time.monotonic()
        assert client.ask(pushed.path).body == pushed.body
        assert time.monotonic() - started < 2
        assert client.ask(other.path).status == 503
        assert client.ask(pushed.path, password="guessed").status == 401  # noqa: S106
    client.begin_half_minute()
    assert client.ask(other.path).body == other.body


def test_a_cached_manifest_is_served_while_the_storage_fails(client: Client, room: Room) -> None:
    pushed, other = client.push("team/app"), client.push("team/app")
    assert client.ask(pushed.path).status == 200
    client.begin_half_minute()
    room.run("chmod", "000", "/srv/images")
    try:
        assert client.ask(other.path).status >= 500
        assert client.ask(pushed.path).body == pushed.body
    finally:
        room.run("chmod", "755", "/srv/images")
    assert client.ask(other.path).body == other.body


def test_ten_simultaneous_clients_of_a_new_manifest_cost_one_read(client: Client, room: Room) -> None:
    client.begin_half_minute()
    pushed = client.push("team/app")
    # With a cached login all ten arrive at the manifests' cache together.
    client.ask("/v2/")
    at_once = (*curl_as("puller"), "--parallel", "--parallel-immediate", "--http1.1")
    told = ("--header", f"Accept: {OCI_MANIFEST}", "--write-out", "%{http_code}\n")
    ten = room.command([*at_once, *told, *("--output", "/dev/null", f"{FRONT}{pushed.path}") * 10])
    with client.counting(pushed.path) as reads:
        with client.registry_silent():
            running = subprocess.Popen(ten, stdout=subprocess.PIPE, text=True)
            time.sleep(0.15)
        codes, _ = running.communicate()
    assert codes.split() == ["200"] * 10
    assert len(reads) == 1


@pytest.mark.parametrize("spelling", ["/v2/team/../team/app/manifests/{}", "/v2//team/app/manifests/{}?x=1"])
def test_every_spelling_of_a_path_shares_one_cache_entry(client: Client, spelling: str) -> None:
    client.begin_half_minute()
    pushed = client.push("team/app")
    with client.counting(pushed.path) as reads:
        assert client.ask(pushed.path).status == 200
        assert client.ask(spelling.format(pushed.digest)).body == pushed.body
    assert len(reads) == 1
    assert all(line.endswith(f"{pushed.path} HTTP/1.1 200") for line in reads)


def test_a_404_is_not_cached(client: Client) -> None:
    pushed = client.push("team/one")
    copy = replace(pushed, repository="team/two")
    assert client.ask(copy.path).status == 404
    client.push_blob(copy.repository, "{}")
    client.put(copy, copy.digest)
    assert client.ask(copy.path).body == pushed.body


def test_a_client_that_has_the_manifest_gets_304(client: Client) -> None:
    pushed = client.push("team/app")
    for _ in range(2):
        answer = client.ask(pushed.path, "--header", f'If-None-Match: "{pushed.digest}"')
        assert (answer.status, answer.body) == (304, "")
    assert client.ask(pushed.path, "--range", "0-3").body == pushed.body


@pytest.mark.parametrize(
    "folder", ["/run/nginx/logins", "/run/nginx/manifests", "/var/cache/nginx-manifests", "/var/cache/nginx-tags"]
)
def test_only_nginx_can_read_its_caches(client: Client, room: Room, folder: str) -> None:
    client.ask(client.push("team/app", tag="cached").path)
    client.ask("/v2/team/app/manifests/cached")
    place = room.place(folder)
    assert place.stat().st_mode & 0o777 == 0o700
    files = [path for path in place.rglob("*") if path.is_file()]
    assert files
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


def test_the_inner_server_answers_no_manifest_under_its_own_path_but_those_by_digest(client: Client) -> None:
    pushed = client.push("team/app", tag="inner")
    inner = "http://127.0.0.1:5080"
    assert client.ask(pushed.path, at=inner, user=None).status == 200
    assert client.ask("/v2/", at=inner, user=None).status == 404
    assert client.ask("/v2/team/app/manifests/inner", at=inner, user=None).status == 404
