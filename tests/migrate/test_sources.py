"""The lists of repositories of every kind of registry, from answers in the form of their documentation."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
import requests
from moto import mock_aws

from migrate import address
from migrate.challenge import Challenge
from migrate.logins import Login
from migrate.registry import Registry
from migrate.sources import docker_hub, ecr
from migrate.sources.kind import region_of_ecr, repositories
from migrate.sources.listing import ListingError
from tests.support.dressed_registry import Dressed, Manners

ANNA, WRONG = Login("anna", "secret"), Login("anna", "wrong")
ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"


@contextmanager
def source(folder: str = "", login: Login = ANNA, **manners: Any) -> Iterator[Registry]:
    """A registry without images, with other lists than a registry's."""
    server = Dressed(("127.0.0.1", 0), "127.0.0.1:1", Manners(login="anna:secret", **manners))
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield Registry(address.parse(f"{server.origin}/{folder}"), login, said.append, lambda _: None)
    finally:
        server.shutdown()
        server.server_close()


said: list[str] = []


def no_aws(service: str, region: str) -> Any:
    raise AssertionError(f"{service} in {region} was asked")


def with_catalog(folder: str, *pages: list[str]) -> Registry:
    return Registry(address.parse(f"old.example.com/{folder}"), ANNA, session=CatalogSession(pages))


def test_a_hand_made_registry_lists_its_catalog_page_by_page() -> None:
    registry = with_catalog("", ["app", "team/one"], ["team/two"])
    assert repositories(registry, Challenge(), no_aws) == ["app", "team/one", "team/two"]


def test_a_folder_chooses_the_repositories_below_it() -> None:
    registry = with_catalog("team", ["app", "team", "team/one", "teams/two"])
    assert repositories(registry, Challenge(), no_aws) == ["team", "team/one"]


def test_a_registry_without_a_catalog_asks_for_a_file() -> None:
    with pytest.raises(ListingError, match="does not list its repositories; --repositories FILE"):
        repositories(with_catalog(""), Challenge(), no_aws)


def test_a_registry_that_hides_its_catalog_from_the_login_asks_for_a_file() -> None:
    with (
        source(lists=False) as registry,
        pytest.raises(ListingError, match="does not list its repositories to this login; --repositories FILE"),
    ):
        repositories(registry, registry.challenge(), no_aws)


def test_a_registry_without_a_repository_is_told() -> None:
    with pytest.raises(ListingError, match="/team has no repository that this login may see"):
        repositories(with_catalog("team", ["app"]), Challenge(), no_aws)


# https://github.com/goharbor/harbor/blob/v2.14.0/api/v2.0/swagger.yaml, Repository
HARBOR = [
    {"id": number, "project_id": 2, "name": name, "artifact_count": 3, "pull_count": 7}
    for number, name in enumerate(("library/app", "team/one", "team/two"))
]


def test_harbor_is_known_by_its_tokens_and_lists_the_repositories_of_all_projects() -> None:
    answers = {"/api/v2.0/repositories": HARBOR}
    with source(service="harbor-registry", answers=answers) as registry:
        assert repositories(registry, registry.challenge(), no_aws) == ["library/app", "team/one", "team/two"]


def test_a_list_is_waited_for_where_the_registry_asks_for_fewer_requests() -> None:
    answers = {"/api/v2.0/repositories": HARBOR}
    with source(service="harbor-registry", answers=answers, busy_every=3) as registry:
        assert repositories(registry, registry.challenge(), no_aws) == ["library/app", "team/one", "team/two"]
    assert said[-1].endswith("asks for fewer requests: waiting 1 s")


def test_a_refused_login_at_harbor_is_told() -> None:
    answers = {"/api/v2.0/repositories": HARBOR}
    with (
        source(login=WRONG, service="harbor-registry", answers=answers) as registry,
        pytest.raises(ListingError, match="answered 401"),
    ):
        repositories(registry, registry.challenge(), no_aws)


# https://docs.gitlab.com/api/container_registry/#within-a-group
GITLAB = [
    {"id": number, "name": "", "path": path, "project_id": 9, "location": f"registry.gitlab.com/{path}"}
    for number, path in enumerate(("group/app", "group/sub/tool", "group/sub/tool/cache"))
]


@pytest.mark.parametrize(
    "answers",
    [
        {"/api/v4/groups/group": {"id": 1}, "/api/v4/groups/group/registry/repositories": GITLAB},
        {"/api/v4/projects/group/registry/repositories": GITLAB},
    ],
    ids=["group", "project"],
)
def test_gitlab_lists_a_group_or_a_project(answers: dict[str, Any]) -> None:
    with source("group", service="container_registry", answers=answers) as registry:
        found = repositories(registry, registry.challenge(), no_aws)
    assert found == ["group/app", "group/sub/tool", "group/sub/tool/cache"]


def test_gitlab_asks_for_a_group() -> None:
    with source(service="container_registry") as registry, pytest.raises(ListingError, match="Name a group"):
        repositories(registry, registry.challenge(), no_aws)


class CatalogSession(requests.Session):
    """Answers with pages of a catalog; 404 where there is none."""

    def __init__(self, pages: tuple[list[str], ...]) -> None:
        super().__init__()
        self.pages = pages

    def request(self, _: str, url: str, **__: Any) -> requests.Response:  # type: ignore[override]
        page = int(urlsplit(url).query.partition("last=")[2] or 0)
        answer = requests.Response()
        answer.url, answer.status_code = url, 200 if self.pages else 404
        if page < len(self.pages):
            answer._content = json.dumps({"repositories": self.pages[page]}).encode()
        if page + 1 < len(self.pages):
            answer.headers["Link"] = f'</v2/_catalog?n=1000&last={page + 1}>; rel="next"'
        return answer


class HubSession(requests.Session):
    """Docker Hub's API: https://docs.docker.com/reference/api/hub/latest/"""

    def request(self, method: str, url: str, **more: Any) -> requests.Response:  # type: ignore[override]
        answer = requests.Response()
        answer.url, answer.status_code = url, 200
        match urlsplit(url).path, method:
            case "/v2/auth/token", "POST" if more["json"] == {"identifier": "anna", "secret": "secret"}:
                told: Any = {"access_token": "jwt"}
            case "/v2/namespaces/acme/repositories", "GET" if more["headers"] == {"Authorization": "Bearer jwt"}:
                second = urlsplit(url).query.endswith("page=2")
                told = {"count": 2, "next": None if second else f"{url}&page=2", "previous": None}
                told["results"] = [{"name": "tool" if second else "app", "namespace": "acme", "is_private": True}]
            case _:
                answer.status_code, told = 401, {"message": "unauthorized"}
        answer._content = json.dumps(told).encode()
        return answer


def hub(folder: str, login: Login = ANNA) -> Registry:
    return Registry(address.parse(f"docker.io/{folder}"), login, session=HubSession())


def test_docker_hub_lists_an_organisation_with_its_private_repositories() -> None:
    assert repositories(hub("acme"), Challenge("bearer", {"service": "registry.docker.io"}), no_aws) == [
        "acme/app",
        "acme/tool",
    ]


def test_a_refused_login_at_docker_hub_is_told() -> None:
    with pytest.raises(ListingError, match="refused the login of anna"):
        list(docker_hub.repositories(hub("acme", WRONG), Challenge()))


def test_docker_hub_asks_for_an_organisation() -> None:
    with pytest.raises(ListingError, match=r"docker\.io/ORGANISATION"):
        list(docker_hub.repositories(hub(""), Challenge()))


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        untyped: Any = boto3.client
        yield untyped("ecr", region_name="eu-west-1")


def test_ecr_lists_the_repositories_of_the_account_in_its_region(aws: Any) -> None:
    for name in ("app", "team/one"):
        aws.create_repository(repositoryName=name, registryId="123456789012")
    registry = Registry(address.parse(ECR), None)
    assert repositories(registry, Challenge("basic"), lambda *_: aws) == ["app", "team/one"]


def test_a_login_of_ecr_comes_from_the_credentials_of_this_machine(aws: Any) -> None:
    login = ecr.login(aws)
    assert (login.user, login.saved) == ("AWS", False)
    assert login.password


@pytest.mark.parametrize(
    ("host", "region"),
    [
        (ECR, "eu-west-1"),
        ("123456789012.dkr.ecr-fips.us-east-1.amazonaws.com", "us-east-1"),
        ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("registry.example.com", ""),
    ],
)
def test_ecr_is_known_by_its_name(host: str, region: str) -> None:
    assert region_of_ecr(host) == region
