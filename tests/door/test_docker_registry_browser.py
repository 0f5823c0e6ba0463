"""klausmeyer/docker-registry-browser: its client's requests one by one, with the headers of its HTTP library.

https://github.com/klausmeyer/docker-registry-browser, app/models: resource.rb, repository.rb, tag.rb (commit 89069e9).
"""

import json

import pytest

from tests.support.door_client import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, Answer, Client, Pushed

VERSION_1 = "application/vnd.docker.distribution.manifest.v1+json"
ACCEPT = ", ".join((OCI_INDEX, OCI_MANIFEST, DOCKER_LIST, DOCKER_MANIFEST, VERSION_1))
FARADAY = (
    "--header", "User-Agent: Faraday v2.14.3",
    "--header", "Accept-Encoding: gzip;q=1.0,deflate;q=0.6,identity;q=0.3",
)  # fmt: skip


def ask(client: Client, path: str, *options: str, user: str | None = "puller", accept: str = "*/*") -> Answer:
    return client.ask(path, "--http1.1", *FARADAY, *options, user=user, accept=accept)


def content(answer: Answer) -> dict[str, list[str]]:
    """As Faraday's JSON middleware reads it: by the content type."""
    assert answer.status == 200
    assert any(word in answer.headers["content-type"][0] for word in ("json", "prettyjws"))
    found: dict[str, list[str]] = json.loads(answer.body)
    return found


@pytest.fixture(scope="module")
def image(client: Client) -> Pushed:
    return client.push("browser/app", tag="1.0")


def test_the_page_asks_for_a_login_by_the_browsers_own_dialog(client: Client) -> None:
    answer = ask(client, "/v2/_catalog?n=100", user=None)
    assert answer.status == 401
    assert answer.headers["www-authenticate"][0].lower().startswith("basic ")


def test_the_list_of_repositories_has_pages(client: Client, image: Pushed) -> None:
    client.push("browser/second", tag="1.0")
    found, last = [], ""
    while True:
        answer = ask(client, f"/v2/_catalog?n=1{f'&last={last}' if last else ''}")
        found += content(answer)["repositories"]
        if "link" not in answer.headers:
            break
        last = found[-1]
    assert {image.repository, "browser/second"} <= set(found)
    assert len(found) == len(set(found))


def test_a_repository_shows_its_tags_and_none_if_it_does_not_exist(client: Client, image: Pushed) -> None:
    assert content(ask(client, f"/v2/{image.repository}/tags/list"))["tags"] == ["1.0"]
    assert ask(client, "/v2/browser/none/tags/list").status == 404


def test_a_tag_shows_its_manifest_and_configuration(client: Client, image: Pushed) -> None:
    answer = ask(client, f"/v2/{image.repository}/manifests/1.0", accept=ACCEPT)
    assert answer.headers["docker-content-digest"] == [image.digest]
    assert "content-encoding" not in answer.headers
    assert content(answer) == json.loads(image.body)
    configuration = json.loads(image.body)["config"]["digest"]
    blob = ask(client, f"/v2/{image.repository}/blobs/{configuration}")
    assert (blob.status, blob.body) == (200, "{}")


def test_an_index_shows_each_of_its_images(client: Client, image: Pushed) -> None:
    index = client.push(image.repository, media_type=OCI_INDEX, tag="all")
    assert content(ask(client, f"/v2/{image.repository}/manifests/all", accept=ACCEPT))["manifests"] == []
    assert content(ask(client, f"/v2/{image.repository}/manifests/{image.digest}", accept=ACCEPT))
    client.delete(index)


def test_a_tag_is_deleted_by_its_digest(client: Client) -> None:
    pushed = client.push("browser/deleted", tag="1.0")
    assert ask(client, pushed.path, "--request", "DELETE", user="pusher").status == 202
    assert ask(client, "/v2/browser/deleted/manifests/1.0", accept=ACCEPT).status == 404


def test_a_user_who_may_only_pull_deletes_nothing(client: Client, image: Pushed) -> None:
    assert ask(client, image.path, "--request", "DELETE").status == 403
    assert ask(client, image.path, accept=ACCEPT).status == 200
