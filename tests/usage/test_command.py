"""``python -m usage`` against the product's own stacks in an emulated AWS."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.stacks.conftest import synthesise
from tests.support.assembly import Synthesise
from tests.support.cloud_account import allow
from tests.support.deployed import DeployedProduct, deployed
from usage.__main__ import main
from userdata.usage.book import Head, Moment, Usage, write

__all__ = ["synthesise"]

DOMAIN = "registry.example.com"
NOW = 1764313200.0
TODAY = int(NOW) // 86400
TAGS = {
    "1.0": Usage(Moment(1764313200, "alice"), Moment(1764316800, "bob"), {TODAY: 2, TODAY - 31: 9}),
    "2.0-rc": Usage(pushed=Moment(1764310000, "carol")),
}


@pytest.fixture(scope="module")
def product(synthesise: Synthesise) -> Iterator[DeployedProduct]:
    with deployed(synthesise()) as product:
        yield product


@pytest.fixture
def stored(product: DeployedProduct, tmp_path: Path) -> DeployedProduct:
    write(tmp_path / "usage", Head(), [("other", TAGS), ("team/app", TAGS)])
    put(product, (tmp_path / "usage").read_bytes())
    return product


def put(product: DeployedProduct, body: bytes) -> None:
    key = f"usage/{DOMAIN}.jsonl.gz"
    product.account.client("s3").put_object(Bucket=product.physical["State"], Key=key, Body=body)


def test_a_tag_has_its_last_push_and_pull_and_their_number(
    stored: DeployedProduct, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([f"{DOMAIN}/team/app:1.0"], stored.account.client, NOW) == 0
    printed = "1.0  pushed 2025-11-28 07:00 by alice    pulled 2025-11-28 08:00 by bob      2 pulls in 30 days\n"
    assert capsys.readouterr().out == printed


def test_a_repository_has_a_line_for_each_tag_the_last_used_first(
    stored: DeployedProduct, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["team/app"], stored.account.client, NOW) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("1.0     pushed")
    assert second.startswith("2.0-rc  pushed 2025-11-28 06:06 by carol    pulled unknown ")


@pytest.mark.parametrize("name", ["team/app:3.0", "team/other", f"{DOMAIN}/nothing:1.0"])
def test_what_nobody_has_used_is_said(stored: DeployedProduct, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name], stored.account.client, NOW) == 1
    assert capsys.readouterr().err == f"no push or pull of {name} is known.\n"


@pytest.mark.parametrize(
    "name", ["", "Team/App", "team/app:", "team//app", "team/app:1.0:2", "team/app@sha256:00", "a\n"]
)
def test_another_form_of_a_name_is_refused(
    stored: DeployedProduct, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main([name], stored.account.client, NOW)
    assert f"{name!r}: expected REPOSITORY or REPOSITORY:TAG, such as team/app:1.0" in capsys.readouterr().err


def test_a_damaged_object_is_said(stored: DeployedProduct, capsys: pytest.CaptureFixture[str]) -> None:
    put(stored, b"damaged")
    assert main(["team/app"], stored.account.client, NOW) == 1
    assert "is damaged" in capsys.readouterr().err


def test_a_registry_without_any_use_is_said(product: DeployedProduct, capsys: pytest.CaptureFixture[str]) -> None:
    product.account.client("s3").delete_object(Bucket=product.physical["State"], Key=f"usage/{DOMAIN}.jsonl.gz")
    assert main(["team/app"], product.account.client, NOW) == 1
    assert capsys.readouterr().err == f"{DOMAIN} has no usage yet: its hosts write it every ten minutes.\n"


def test_a_missing_permission_is_named(stored: DeployedProduct, capsys: pytest.CaptureFixture[str]) -> None:
    may_look = allow("cloudformation:DescribeStacks", "*")

    def client(service: str) -> Any:
        return stored.account.client_of_user(service, may_look)

    assert main(["team/app"], client, NOW) == 1
    assert "permission s3:GetObject is missing" in capsys.readouterr().err
