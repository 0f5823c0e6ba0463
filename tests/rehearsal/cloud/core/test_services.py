"""The list of services has every package, and each module in a package is one that the list knows."""

from pathlib import Path

import pytest

import rehearsal.cloud
from rehearsal.cloud.core.services import SERVICES, UnknownTypeError, asks, resource_types, type_named


def test_every_package_of_a_service_is_on_the_list() -> None:
    packages = {each.parent.name for each in Path(rehearsal.cloud.__file__).parent.glob("*/__init__.py")}
    assert packages == {*SERVICES, "core"}


def test_every_type_and_every_row_of_a_service_is_found() -> None:
    assert {"AWS::SNS::Topic", "AWS::Lambda::Function", "AWS::EC2::EIP"} <= resource_types().keys()
    assert {"monitoring", "sns", "ssm", "sts"} <= asks().keys()


def test_every_type_of_our_own_says_why() -> None:
    assert [name for name, each in resource_types().items() if not type(each).__dict__.get("__doc__")] == []


def test_a_type_that_neither_we_nor_moto_have_is_named() -> None:
    with pytest.raises(UnknownTypeError, match="AWS::GameLift::Fleet"):
        type_named("AWS::GameLift::Fleet")
