"""The page's address without a browser: what it says, to whom, and what it forbids. tests/page has the page itself."""

import json

import pytest

from rehearsal.contract import product
from tests.support.door_client import FRONT, Client

SANDBOX = "default-src 'none'; sandbox; frame-ancestors 'none'"
PAGE_FILES = sorted(path.name for path in (product.USERDATA / "page").iterdir())
OWN, FOREIGN = f"Origin: {FRONT}", "Origin: https://evil.example"


def given(*headers: str) -> tuple[str, ...]:
    return tuple(word for header in headers for word in ("--header", header))


@pytest.mark.parametrize(
    "path", ["/", "/page/me.json", "/page/page.js", "/page/registry.json", "/page/usage/team/app/_.json"]
)
@pytest.mark.parametrize("options", [(), ("--head",)])
def test_without_a_login_the_page_says_no_more_than_the_api(
    client: Client, path: str, options: tuple[str, ...]
) -> None:
    answer, api = (client.ask(each, *options, user=None) for each in (path, "/v2/"))
    assert (answer.status, answer.body) == (401, api.body)
    assert answer.headers["www-authenticate"] == api.headers["www-authenticate"]
    assert client.ask(path, *options, password="wrong").status == 401  # noqa: S106


def test_the_page_allows_only_its_own_files(client: Client) -> None:
    answer = client.ask("/")
    assert (answer.status, answer.headers["content-type"]) == (200, ["text/html; charset=utf-8"])
    policy = answer.headers["content-security-policy"][0].split("; ")
    assert {"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "form-action 'none'"} <= set(policy)
    assert "unsafe" not in "".join(policy)
    assert answer.headers["cache-control"] == ["no-cache"]
    for name in ("cross-origin-opener-policy", "cross-origin-resource-policy"):
        assert answer.headers[name] == ["same-origin"]


@pytest.mark.parametrize("file", PAGE_FILES)
def test_each_file_of_the_page_has_its_type(client: Client, file: str) -> None:
    types = {"js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8"}
    types |= {"html": "text/html; charset=utf-8", "svg": "image/svg+xml"}
    answer = client.ask(f"/page/{file}")
    assert answer.headers["content-type"] == [types[file.rpartition(".")[2]]]
    assert answer.headers["content-security-policy"] == [SANDBOX]
    assert answer.headers["x-content-type-options"] == ["nosniff"]


def test_the_page_is_small() -> None:
    assert sum((product.USERDATA / "page" / name).stat().st_size for name in PAGE_FILES) < 150_000


@pytest.mark.parametrize(("user", "may_push"), [("pusher", True), ("puller", False)])
def test_a_user_is_told_whether_pushing_is_allowed(client: Client, user: str, may_push: bool) -> None:
    answer = client.ask("/page/me.json", user=user)
    assert answer.status == 200
    assert json.loads(answer.body) == {"user": user, "may_push": may_push}
    # Another spelling would be asked with pull access only.
    assert client.ask("/page/me.json?x", user=user).status == client.ask("/page/m%65.json", user=user).status == 404


def test_crawlers_and_browsers_get_their_files_without_a_login(client: Client) -> None:
    robots = client.ask("/robots.txt", user=None)
    assert (robots.status, robots.body) == (200, "User-agent: *\nDisallow: /\n")
    icon = client.ask("/favicon.ico", user=None)
    assert (icon.status, icon.body) == (204, "")


@pytest.mark.parametrize(
    "path", ["/v2/", "/v2/_catalog", "/v2/team/none/manifests/1", "/v2/../../x", "/none", "/robots.txt", "/page/none"]
)
@pytest.mark.parametrize("user", [None, "puller"])
def test_every_other_answer_forbids_to_be_a_document(client: Client, path: str, user: str | None) -> None:
    answer = client.ask(path, user=user)
    assert answer.headers["content-security-policy"] == [SANDBOX]
    assert answer.headers["x-content-type-options"] == ["nosniff"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "headers",
    [
        (FOREIGN,),
        ("Origin: null",),
        ("Sec-Fetch-Site: cross-site",),
        ("Sec-Fetch-Site: same-site",),
        (FOREIGN, "Sec-Fetch-Site: same-origin"),
        (OWN, "Sec-Fetch-Site: cross-site"),
        (f"{OWN}.evil.example",),
        (f"{OWN}:8443",),
        (OWN.replace("https", "http"),),
    ],
)
def test_a_change_for_another_site_is_refused_before_the_login_check(
    client: Client, method: str, headers: tuple[str, ...]
) -> None:
    for user in (None, "pusher"):
        answer = client.ask("/v2/team/app/blobs/uploads/", "--request", method, *given(*headers), user=user)
        assert answer.status == 403
        assert "another site" in json.loads(answer.body)["errors"][0]["message"]


@pytest.mark.parametrize(
    "headers", [(), (OWN,), (OWN, "Sec-Fetch-Site: same-origin"), ("Sec-Fetch-Site: same-origin",)]
)
def test_clients_and_the_page_may_change(client: Client, headers: tuple[str, ...]) -> None:
    nothing = f"/v2/team/app/manifests/sha256:{'0' * 64}"
    assert client.ask(nothing, "--request", "DELETE", *given(*headers), user="pusher").status == 404


def test_a_configuration_is_read_through_the_door_to_a_megabyte_at_most(client: Client) -> None:
    large = client.push_blob("team/configured", "x" * 1_500_000)
    assert len(client.ask(f"/page/configuration/team/configured/{large}").body) == 1_048_576
    for path in (f"team/configured/sha256:{'0' * 64}", f"team/other/{large}", "team/configured/latest", "_catalog"):
        assert client.ask(f"/page/configuration/{path}").status == 404
    assert client.ask(f"/page/configuration/team/configured/{large}", user=None).status == 401
