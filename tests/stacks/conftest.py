"""Templates as `cdk deploy` would send them, synthesised once for each set of settings in a test run."""

import json
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App

from stacks.registry import add_registry
from stacks.settings.settings import Settings

PROJECT = Path(__file__).resolve().parents[2]
NEEDED = {"domain_name": "registry.example.com", "alert_email": "you@example.com"}
# With NEEDED alone and with these, everything that a template can have is in one of the two.
EVERYTHING_ELSE: dict[str, str | bool] = {
    "hosted_zone": "example.com",
    "instance_type": "m7i.large",
    "ssh_cidr": "203.0.113.0/24",
    "remove_data": True,
}


@dataclass(frozen=True, slots=True)
class Template:
    """One stack's CloudFormation template."""

    path: Path
    body: Mapping[str, Any]

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """The resources of one type by logical id."""
        return {name: each for name, each in self.body["Resources"].items() if each["Type"] == kind}

    def properties(self, kind: str) -> dict[str, Any]:
        """The properties of the only resource of a type."""
        (resource,) = self.of_type(kind).values()
        properties: dict[str, Any] = resource["Properties"]
        return properties

    def output(self, name: str) -> str:
        return readable(self.body["Outputs"][name]["Value"])


@dataclass(frozen=True, slots=True)
class Assembly:
    folder: Path

    def template(self, stack: str) -> Template:
        path = self.folder / f"{stack}.template.json"
        return Template(path, json.loads(path.read_text()))

    @property
    def storage(self) -> Template:
        return self.template("registry-storage")

    @property
    def dns(self) -> Template:
        return self.template("registry-dns")

    @property
    def host(self) -> Template:
        return self.template("registry-host")

    @property
    def operations(self) -> Template:
        return self.template("registry-operations")

    @property
    def templates(self) -> tuple[Template, ...]:
        return self.storage, self.dns, self.host, self.operations

    def manifest(self, stack: str) -> dict[str, Any]:
        artifacts = json.loads((self.folder / "manifest.json").read_text())["artifacts"]
        properties: dict[str, Any] = artifacts[stack]["properties"]
        return properties


def readable(value: Any) -> str:
    """An intrinsic function as a person would write it: ``arn:<AWS::Partition>:s3:::<Images.Arn>/*``."""
    if isinstance(value, str):
        return value
    ((function, argument),) = value.items()
    match function:
        case "Fn::Join":
            return str(argument[0]).join(map(readable, argument[1]))
        case "Fn::GetAtt":
            return f"<{'.'.join(argument)}>"
        case "Fn::Base64":
            return readable(argument)
        case "Fn::Sub":
            return str(argument)
        case _:
            return f"<{argument}>"


def unhashed(logical_id: str) -> str:
    """Without what the CDK adds to a name to tell it from its namesakes."""
    return re.sub(r"(?<=\w)[0-9A-F]{8}$", "", logical_id)


def feature_flags() -> dict[str, Any]:
    context = json.loads((PROJECT / "cdk.json").read_text())["context"]
    return {key: value for key, value in context.items() if key.startswith("@")}


Synthesise = Callable[..., Assembly]


@pytest.fixture(scope="session")
def synthesise(tmp_path_factory: pytest.TempPathFactory) -> Synthesise:
    """Synthesise with settings given by name, and optionally another ``userdata`` folder; no validator."""

    @cache
    def synthesised(userdata: Path = PROJECT / "userdata", **settings: str | bool) -> Assembly:
        folder = tmp_path_factory.mktemp("assembly")
        app = App(outdir=str(folder), context=feature_flags(), builtin_cloud_formation_validation=False)
        add_registry(
            app, Settings.from_context({**NEEDED, **settings}), userdata=userdata, lambdas=PROJECT / "lambdas"
        )
        app.synth()
        return Assembly(folder)

    return synthesised


@pytest.fixture(scope="session")
def assembly(synthesise: Synthesise) -> Assembly:
    """With nothing but the needed settings."""
    return synthesise()


@pytest.fixture
def changed_userdata(tmp_path: Path) -> Path:
    """The host's scripts with a change in one that is not in the user data itself."""
    copy = tmp_path / "userdata"
    shutil.copytree(PROJECT / "userdata", copy)
    with (copy / "install").open("a") as script:
        script.write("# changed\n")
    return copy
