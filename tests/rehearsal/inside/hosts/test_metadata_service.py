"""The metadata service without a host: its tokens, its tree, its refusals. Needs no root."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from rehearsal.inside.hosts.metadata_service import Metadata, Tokens, answer, list_folder, serve

HOST = Metadata(
    entries={
        "instance-id": "i-0123",
        "instance-type": "t4g.small",
        "local-ipv4": "10.0.1.11",
        "placement/region": "eu-central-1",
        "placement/availability-zone": "eu-central-1a",
        "iam/security-credentials/": "registry",
        "iam/security-credentials/registry": '{"SecretAccessKey": "secret"}',
    },
    user_data=b"#cloud-config\n\xff",
    account_id="123456789012",
)
TTL = "X-aws-ec2-metadata-token-ttl-seconds"
TOKEN = "X-aws-ec2-metadata-token"  # noqa: S105 - a header's name


@pytest.fixture
def service() -> Iterator[str]:
    server = serve("127.0.0.1", {"127.0.0.1": HOST}.get, port=0)
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def ask(url: str, method: str = "GET", **headers: str) -> tuple[int, bytes]:
    request = urllib.request.Request(url, method=method, headers=headers)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=5) as reply:  # noqa: S310
            return reply.status, reply.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def test_request_without_a_token_is_refused(service: str) -> None:
    assert ask(f"{service}/latest/meta-data/instance-id") == (401, b"")
    assert ask(f"{service}/latest/user-data", **{TOKEN: "guessed"}) == (401, b"")


def test_request_with_a_token_is_answered(service: str) -> None:
    status, token = ask(f"{service}/latest/api/token", "PUT", **{TTL: "60"})
    assert status == 200
    assert ask(f"{service}/latest/meta-data/instance-id", **{TOKEN: token.decode()}) == (200, b"i-0123")
    assert ask(f"{service}/latest/user-data", **{TOKEN: token.decode()}) == (200, b"#cloud-config\n\xff")


@pytest.mark.parametrize("ttl", ["", "0", "21601", "-1", "soon", "1.5"])
def test_token_needs_a_lifetime_of_1_to_21600_seconds(service: str, ttl: str) -> None:
    assert ask(f"{service}/latest/api/token", "PUT", **{TTL: ttl})[0] == 400
    assert ask(f"{service}/latest/api/token", "PUT", **{TTL: "21600"})[0] == 200


def test_token_is_refused_to_a_proxy(service: str) -> None:
    assert ask(f"{service}/latest/api/token", "PUT", **{TTL: "60", "X-Forwarded-For": "10.0.1.99"})[0] == 403


def test_token_is_valid_for_its_host_until_it_expires() -> None:
    tokens = Tokens()
    token = tokens.issue("10.0.1.11", 60, now=1000)
    assert tokens.accepts(token, "10.0.1.11", now=1059)
    assert not tokens.accepts(token, "10.0.1.12", now=1059)
    assert not tokens.accepts(token, "10.0.1.11", now=1060)


def test_folders_are_listed_as_ec2_lists_them() -> None:
    assert answer(HOST, "/latest/meta-data/").body == b"iam/\ninstance-id\ninstance-type\nlocal-ipv4\nplacement/"
    assert answer(HOST, "/2021-03-23/meta-data/placement/").body == b"availability-zone\nregion"
    assert answer(HOST, "/latest/meta-data/iam/security-credentials/").body == b"registry"
    assert list_folder(HOST.entries, "nothing/") == ()


@pytest.mark.parametrize("path", ["/latest/meta-data/nothing", "/next/meta-data/", "/latest/nothing", "/x"])
def test_unknown_path_is_not_found(path: str) -> None:
    assert answer(HOST, path).status == 404


def test_identity_document_names_the_instance() -> None:
    document = json.loads(answer(HOST, "/latest/dynamic/instance-identity/document").body)
    assert document["instanceId"] == "i-0123"
    assert document["accountId"] == "123456789012"
    assert document["region"] == "eu-central-1"
    assert document["architecture"] == "arm64"


def test_nothing_is_logged(service: str, capsys: pytest.CaptureFixture[str]) -> None:
    ask(f"{service}/latest/api/token", "PUT", **{TTL: "60"})
    ask(f"{service}/latest/meta-data/")
    assert capsys.readouterr() == ("", "")
