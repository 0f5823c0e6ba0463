"""What clients send by mistake or by habit: headers, addresses and logins of any size. The registry gets none of the
blame, and its address is never of a client's choice."""

import base64
import json

import pytest

from tests.support.door_client import FRONT, PASSWORD_OF, Answer, Client

HTTP_VERSIONS = ["--http1.1", "--http2"]
START_UPLOAD = ("--request", "POST")
UPLOADS = "/v2/team/app/blobs/uploads/"


def error_of(answer: Answer) -> dict[str, str]:
    assert answer.headers["content-type"][0].startswith("application/json"), answer
    return error_in(answer.body)


def error_in(body: str) -> dict[str, str]:
    """The one error of the specification's JSON."""
    errors: list[dict[str, str]] = json.loads(body)["errors"]
    (error,) = errors
    return error


def say(client: Client, lines: str) -> tuple[int, dict[str, str]]:
    """The status and the error of an answer to lines that curl would not send."""
    request = f"{lines}\nConnection: close\n\n".replace("\n", "\r\n")
    # The answer ends the connection; until then openssl waits for more input.
    shown = client.room.run("openssl", "s_client", "-quiet", "-connect", "127.0.0.1:443", given=request).stdout
    head, _, body = shown.replace("\r\n", "\n").partition("\n\n")
    return int(head.split()[1]), error_in(body)


def test_a_request_for_no_part_of_a_registry_is_told_so(client: Client) -> None:
    for path in ("/index.html", "/v1/", "/v2/v2/", "/v2/team/app/manifests/", "/v2/team", "/v2/_catalog/x"):
        answer = client.ask(path)
        assert (answer.status, error_of(answer)["code"]) == (404, "UNSUPPORTED"), path
        assert "registry" in error_of(answer)["message"]


@pytest.mark.parametrize(
    "path",
    [
        "/v2/team/none/tags/list",
        "/v2/a.b__c--d/e/f/manifests/1.0",
        f"/v2/team/none/manifests/sha512:{'0' * 128}",
        f"/v2/team/none/blobs/sha256:{'0' * 64}",
        f"/v2/{'a/' * 127}a/manifests/1.0",
        f"{UPLOADS}3d4f-_.",
    ],
)
def test_each_path_of_the_registry_reaches_it(client: Client, path: str) -> None:
    answer = client.ask(path)
    assert answer.status == 404
    assert error_of(answer)["code"].endswith("UNKNOWN")


@pytest.mark.parametrize(
    ("version", "length"),
    [
        *((version, length) for version in HTTP_VERSIONS for length in (1_500, 2_700, 6_100, 6_130, 8_000, 40_000)),
        # In HTTP/2, curl sends headers of 64 kB at most.
        ("--http1.1", 70_000),
    ],
)
@pytest.mark.parametrize("path", ["/v2/", "/v2/_catalog", "/v2/team/app/manifests/1.0"])
def test_a_login_of_any_length_is_answered_by_401(client: Client, path: str, length: int, version: str) -> None:
    login = ("--config", "-")
    answer = client.ask(path, version, *login, user=None, given=f'user = "puller:{"x" * length}"')
    assert (answer.status, error_of(answer)["code"]) == (401, "UNAUTHORIZED")
    assert answer.headers["www-authenticate"] == ['Basic realm="registry", charset="UTF-8"']


def test_the_longest_right_login_is_let_in(client: Client) -> None:
    """Beside what a browser or a proxy adds."""
    for version in HTTP_VERSIONS:
        cookies = f'header = "Cookie: {"c" * 30_000}"\nheader = "X-Proxy: {"p" * 30_000}"'
        assert client.ask("/v2/_catalog", version, "--config", "-", given=cookies).status == 200


def test_a_header_above_every_limit_is_431_or_ends_the_connection(client: Client) -> None:
    answer = client.ask("/v2/", "--http1.1", "--config", "-", given=f'header = "Cookie: {"c" * 140_000}"')
    assert (answer.status, error_of(answer)["code"]) == (431, "UNSUPPORTED")
    assert "128 kB" in error_of(answer)["message"]


@pytest.mark.parametrize("version", HTTP_VERSIONS)
@pytest.mark.parametrize("length", [9_000, 60_000])
def test_an_address_above_8_kb_is_414(client: Client, version: str, length: int) -> None:
    for path in (
        f"/v2/{'a' * length}/manifests/sha256:{'0' * 64}",
        f"/v2/?{'a' * length}",
        f"/v2/{'a/' * length}"[:length],
    ):
        answer = client.ask(path, version)
        assert (answer.status, error_of(answer)["code"]) == (414, "UNSUPPORTED")


def test_an_address_above_every_limit_is_414(client: Client) -> None:
    status, error = say(client, f"GET /v2/{'a' * 140_000} HTTP/1.1\nHost: registry")
    assert (status, error["code"]) == (414, "UNSUPPORTED")


@pytest.mark.parametrize(
    "name",
    [
        *("a" * length for length in (256, 1_000, 5_000, 8_000)),
        *("a/" * 128 + "a", "Team/app", "team/a..b", "team/-a", "localhost:5000/app", "team%20a", "tëam"),
    ],
)
@pytest.mark.parametrize("end", ["manifests/1.0", f"manifests/sha256:{'0' * 64}", "tags/list", "blobs/uploads/"])
def test_a_name_outside_the_grammar_is_the_clients_mistake(client: Client, name: str, end: str) -> None:
    answer = client.ask(f"/v2/{name}/{end}")
    assert (answer.status, error_of(answer)["code"]) == (400, "NAME_INVALID")


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS", "BREW"])
@pytest.mark.parametrize(
    "path",
    [
        *("manifests/.bad", f"manifests/{'a' * 129}", "manifests/sha256:short", "manifests/md5:00", "manifests/a:b:c"),
        *(f"manifests/sha256:{'z' * 64}", f"manifests/sha256:{'0' * 65}", f"blobs/sha999:{'0' * 64}", "blobs/none"),
        *("blobs/sha256:", "blobs/uploads/=", "blobs/uploads/..%2f..", "tags/list/", "tags/none", "manifests/1.0/"),
    ],
)
def test_no_path_and_no_method_is_the_registrys_failure(client: Client, method: str, path: str) -> None:
    asked = ("--head",) if method == "HEAD" else ("--request", method)
    body = ("--data-binary", "body") if method in ("PUT", "POST", "PATCH") else ()
    answer = client.ask(f"/v2/team/app/{path}", *asked, *body, user="pusher")
    # The registry redirects a path that has a slash too many.
    assert 300 <= answer.status < 500, answer


@pytest.mark.parametrize("version", HTTP_VERSIONS)
@pytest.mark.parametrize(
    "header",
    [
        "Forwarded: proto=http;host=evil.example",
        "Forwarded: for=1.2.3.4;proto=http;host=evil.example;by=5.6.7.8",
        "X-Forwarded-Host: evil.example:443",
        "X-Forwarded-Proto: http",
        "X-Forwarded-Port: 81",
        "X-Forwarded-Prefix: /evil",
        "X-Forwarded-Server: evil.example",
        "X-Original-URL: /v2/evil/blobs/uploads/",
        "X-Original-Host: evil.example",
        "X-Rewrite-URL: /v2/evil/blobs/uploads/",
        "X-HTTP-Method-Override: DELETE",
        "X-Real-IP: 1.2.3.4",
    ],
)
def test_no_header_of_a_client_changes_the_registrys_address(client: Client, header: str, version: str) -> None:
    answer = client.ask(UPLOADS, version, *START_UPLOAD, "--header", header, user="pusher")
    assert answer.status == 202
    assert answer.headers["location"][0].startswith(f"{FRONT}{UPLOADS}")


@pytest.mark.parametrize("version", HTTP_VERSIONS)
def test_an_upload_continues_at_the_port_that_the_client_uses(client: Client, version: str) -> None:
    """As through a tunnel or NAT."""
    answer = client.ask(UPLOADS, version, *START_UPLOAD, "--header", "Host: localhost:8443", user="pusher")
    assert answer.headers["location"][0].startswith(f"https://localhost:8443{UPLOADS}")
    answer = client.ask("/v2", version, "--header", "Host: localhost:8443")
    assert (answer.status, answer.headers["location"]) == (301, ["/v2/"])


@pytest.mark.parametrize("user", [None, "pusher"])
def test_http_1_0_without_a_host_is_400(client: Client, user: str | None) -> None:
    for path in (UPLOADS, "/v2/", "/v2/_catalog"):
        answer = client.ask(path, "--http1.0", *START_UPLOAD, "--header", "Host:", user=user)
        assert (answer.status, error_of(answer)["code"]) == (400, "UNSUPPORTED")
        assert "Host" in error_of(answer)["message"]
        assert "location" not in answer.headers


@pytest.mark.parametrize(
    ("request_lines", "status"),
    [
        ("GET /v2/ HTTP/1.1", 400),
        ("GET /v2/ HTTP/1.1\nHost: a b", 400),
        ("GET /v2/ HTTP/1.1\nHost: one\nHost: two", 400),
        ("GET /v2/ HTTP/1.1\nHost: registry\nContent-Length: many", 400),
        ("TRACE /v2/ HTTP/1.1\nHost: registry", 405),
    ],
)
def test_what_is_no_valid_http_is_the_clients_mistake(client: Client, request_lines: str, status: int) -> None:
    seen, error = say(client, request_lines)
    assert (seen, error["code"]) == (status, "UNSUPPORTED")


def test_http_on_the_port_of_https_is_the_clients_mistake(client: Client) -> None:
    answer = client.ask("/v2/", at="http://127.0.0.1:443")
    assert (answer.status, error_of(answer)["code"]) == (400, "UNSUPPORTED")
    assert "encrypted" in error_of(answer)["message"]


@pytest.mark.parametrize("form", ["text/plain", "application/x-www-form-urlencoded", "application/octet-streams"])
def test_an_upload_of_another_media_type_is_415(client: Client, form: str) -> None:
    upload = started(client)
    patch = ("--request", "PATCH", "--data-binary", "@-", "--header", f"Content-Type: {form}")
    answer = client.ask(upload, *patch, user="pusher", given="12345")
    assert (answer.status, error_of(answer)["code"]) == (415, "BLOB_UPLOAD_INVALID")
    # The upload is as it was.
    patch = ("--request", "PATCH", "--data-binary", "@-", "--header", "Content-Type: application/octet-stream")
    assert client.ask(upload, *patch, user="pusher", given="12345").status == 202


@pytest.mark.parametrize("form", ["", "application/octet-stream", "Application/Octet-Stream; charset=binary"])
def test_an_upload_of_bytes_is_accepted_however_its_type_is_spelled(client: Client, form: str) -> None:
    patch = ("--request", "PATCH", "--data-binary", "@-", "--header", f"Content-Type:{form and ' ' + form}")
    assert client.ask(started(client), *patch, user="pusher", given="12345").status == 202


@pytest.mark.parametrize("given_range", ["bytes 0-4/5", "0-", "many", "5-9", "0-99", "4-0", f"0-{'9' * 30}"])
@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_a_wrong_range_of_an_upload_is_a_clients_mistake(client: Client, method: str, given_range: str) -> None:
    options = ("--request", method, "--data-binary", "@-", "--header", f"Content-Range: {given_range}")
    bytes_ = ("--header", "Content-Type: application/octet-stream")
    digest = f"&digest=sha256:{'0' * 64}"
    answer = client.ask(f"{started(client)}{digest}", *options, *bytes_, user="pusher", given="12345")
    assert answer.status in (400, 416)
    assert error_of(answer)["code"] in ("BLOB_UPLOAD_INVALID", "RANGE_INVALID", "SIZE_INVALID")


@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE", "GET"])
def test_an_upload_that_the_registry_does_not_know_is_404(client: Client, method: str) -> None:
    bare = started(client).partition("?")[0]
    for address in (f"{UPLOADS}00000000-0000-0000-0000-000000000000", bare, f"{bare}?_state=guessed"):
        if method == "GET" and address != f"{UPLOADS}00000000-0000-0000-0000-000000000000":
            continue
        answer = client.ask(address, "--request", method, user="pusher")
        assert answer.status == 404
        assert error_of(answer)["code"].startswith("BLOB_UPLOAD_")


def started(client: Client) -> str:
    answer = client.ask(UPLOADS, *START_UPLOAD, user="pusher")
    return answer.headers["location"][0].removeprefix(FRONT)


@pytest.mark.parametrize("path", ["/v2/team/app/manifests/large", "/v2/team/app/blobs/uploads/none", "/v2/none"])
def test_a_refusal_of_a_large_body_reaches_the_client(client: Client, path: str) -> None:
    client.room.run("truncate", "--size=60M", "/srv/large")
    manifest = ("--header", "Content-Type: application/vnd.oci.image.manifest.v1+json")
    for _ in range(3):
        for version in HTTP_VERSIONS:
            put = (version, "--request", "PUT", "--data-binary", "@/srv/large", *manifest)
            answer = client.ask(path, *put, user="pusher")
            assert 400 <= answer.status < 500, answer


def test_a_password_outside_ascii_is_its_utf_8_bytes(client: Client) -> None:
    for encoding, status in (("utf-8", 200), ("latin-1", 401)):
        login = base64.b64encode(f"visitor:{PASSWORD_OF['visitor']}".encode(encoding)).decode()
        answer = client.ask("/v2/", "--header", f"Authorization: Basic {login}", user=None)
        assert answer.status == status, encoding


def test_a_mirrors_question_has_the_same_answer_and_the_same_cache_entry(client: Client) -> None:
    client.begin_half_minute()
    pushed = client.push("team/mirrored", tag="1.0")
    assert client.ask("/v2/team/mirrored/manifests/1.0?ns=docker.io").body == pushed.body
    with client.counting(pushed.path) as reads:
        assert client.ask(f"{pushed.path}?ns=docker.io").body == client.ask(pushed.path).body
    assert len(reads) == 1
    assert client.ask("/v2/?ns=docker.io").status == 200


@pytest.mark.parametrize("path", ["/v2/none", "/v2/Team/app/manifests/1.0", UPLOADS])
def test_a_mistake_is_told_after_the_login(client: Client, path: str) -> None:
    for user, password, status in ((None, None, 401), ("puller", "guessed", 401), ("puller", None, 403)):
        options = ("--request", "PATCH", "--header", "Content-Type: text/plain")
        assert client.ask(path, *options, user=user, password=password).status == status
