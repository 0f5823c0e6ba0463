"""The product's templates as `cdk deploy` would send them, in a form that tests can read."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aws_cdk import App

from stacks.registry import add_registry
from tests.support.settings import settings

PROJECT = Path(__file__).resolve().parents[2]
STACKS = ("storage", "dns", "host", "operations")
# With the required settings alone and with these: one of the two has everything that a template can have.
EVERYTHING_ELSE: dict[str, str | bool] = {
    "hosted_zone": "example.com",
    "instance_type": "m7i.large",
    "ssh_cidr": "203.0.113.0/24",
    "ssh_key_name": "laptop",
    "replica_region": "eu-west-1",
    "remove_data": True,
}
HERE = "<AWS::Region>:<AWS::AccountId>"
STATE = "<registry-storage:ExportsOutputFnGetAttState1C20CC9AArnF70626CA>"

# (sid, actions, resources, condition)
Statement = tuple[str, set[str], set[str], Any]


@dataclass(frozen=True, slots=True)
class Template:
    """One stack's CloudFormation template."""

    path: Path
    body: Mapping[str, Any]

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """The resources of one type by logical id."""
        return {name: each for name, each in self.body["Resources"].items() if each["Type"] == kind}

    def properties(self, kind: str, name: str = "") -> dict[str, Any]:
        """The properties of the only resource of a type whose logical id begins with a name."""
        (found,) = (each for id_, each in self.of_type(kind).items() if id_.startswith(name))
        return dict(found.get("Properties", {}))

    def statements(self, role: str) -> list[Statement]:
        """All that a role may do."""
        properties = self.properties("AWS::IAM::Role", role)
        assert "ManagedPolicyArns" not in properties
        (policy,) = properties["Policies"]
        found = []
        for each in policy["PolicyDocument"]["Statement"]:
            resources = {short(resource) for resource in _as_list(each["Resource"])}
            found.append((each["Sid"], set(_as_list(each["Action"])), resources, each.get("Condition")))
        return found

    def exports(self) -> set[str]:
        return {each["Export"]["Name"] for each in self.body["Outputs"].values() if "Export" in each}

    def output(self, name: str) -> str:
        return readable(self.body["Outputs"][name]["Value"])


@dataclass(frozen=True, slots=True)
class Assembly:
    """The product as `cdk deploy` would send it."""

    folder: Path
    manifest: Mapping[str, Any]
    storage: Template
    dns: Template
    host: Template
    operations: Template
    replica: Template | None = None

    @property
    def templates(self) -> tuple[Template, ...]:
        replica = (self.replica,) if self.replica else ()
        return *replica, self.storage, self.dns, self.host, self.operations


Synthesise = Callable[..., Assembly]


def read_assembly(folder: Path, prefix: str) -> Assembly:
    """``prefix`` begins the stacks' names."""
    paths = {stack: folder / f"{prefix}-{stack}.template.json" for stack in (*STACKS, "replica")}
    templates = {stack: Template(path, json.loads(path.read_text())) for stack, path in paths.items() if path.exists()}
    manifest = json.loads((folder / "manifest.json").read_text())
    return Assembly(folder, manifest, **templates)


def empty_app(folder: Path, *, validate: bool = False) -> App:
    """An app with the feature flags of cdk.json; ``validate`` runs the CDK's own validator."""
    context = json.loads((PROJECT / "cdk.json").read_text())["context"]
    flags = {key: value for key, value in context.items() if key.startswith("@")}
    return App(outdir=str(folder), context=flags, builtin_cloud_formation_validation=validate)


def registry_app(
    folder: Path, changed: Mapping[str, object], *, userdata: Path = PROJECT / "userdata", validate: bool = False
) -> App:
    """The product before synthesis, with changed settings."""
    app = empty_app(folder, validate=validate)
    add_registry(app, settings(**changed), userdata=userdata, lambdas=PROJECT / "lambdas")
    return app


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


def short(value: Any) -> str:
    """Readable, and without the CDK's hash in the names of the same template."""
    return re.sub(r"<(\w+?)([0-9A-F]{8})?(\.Arn)?>", r"<\1>", readable(value))


def unhashed(logical_id: str) -> str:
    """Without the hash that the CDK adds to tell a name from its namesakes."""
    return re.sub(r"(?<=\w)[0-9A-F]{8}$", "", logical_id)


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
