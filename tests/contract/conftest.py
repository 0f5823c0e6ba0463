"""The real artefacts of each side: synthesised templates, the host's scripts, the functions' source."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from rehearsal.contract import product
from tests.stacks.conftest import assembly, synthesise
from tests.support.assembly import Assembly, Template, readable

__all__ = ["assembly", "synthesise"]

PROJECT = Path(__file__).resolve().parents[2]
USERDATA = PROJECT / "userdata"
LAMBDAS = PROJECT / "lambdas"
REHEARSAL = PROJECT / "rehearsal"
DOMAIN = "registry.example.com"


def source_of(folder: Path, pattern: str = "*") -> str:
    """The text of all files below a folder."""
    paths = sorted(path for path in folder.rglob(pattern) if path.is_file() and "__pycache__" not in path.parts)
    return "\n".join(path.read_text() for path in paths)


def script(name: str) -> str:
    """A file of the host, by its path below userdata/."""
    return (USERDATA / name).read_text()


def number(name: str, text: str) -> int:
    """The whole number that a script assigns to a variable."""
    return int(re.findall(rf"\b{name}=([0-9]+)", text)[0])


def statements(template: Template) -> Iterator[dict[str, Any]]:
    """Every statement of every role's policies."""
    for role in template.of_type("AWS::IAM::Role").values():
        for policy in role["Properties"].get("Policies", []):
            yield from policy["PolicyDocument"]["Statement"]


def function(assembly: Assembly, handler: str) -> Mapping[str, Any]:
    """The properties of the function with this handler."""
    functions: list[Mapping[str, Any]] = [
        each["Properties"] for each in assembly.operations.of_type("AWS::Lambda::Function").values()
    ]
    return next(each for each in functions if each["Handler"] == f"lambdas.{handler}.handler")


@pytest.fixture(scope="session")
def files(assembly: Assembly) -> Mapping[str, str]:
    """The files that a host's user data writes, by path."""
    template = assembly.host.properties("AWS::EC2::LaunchTemplate")["LaunchTemplateData"]["UserData"]
    document = json.loads(readable(template).removeprefix("#cloud-config\n"))
    return {each["path"]: each["content"] for each in document["write_files"]}


@pytest.fixture(scope="session")
def host_env(files: Mapping[str, str]) -> Mapping[str, str]:
    """The settings that the stack writes for a host."""
    return dict(line.split("=", 1) for line in files[product.HOST_ENV].splitlines())


@pytest.fixture(scope="session")
def resources(assembly: Assembly) -> str:
    """Every resource that a role of the product may touch, as text."""
    return "\n".join(
        str(statement["Resource"]) for template in assembly.templates for statement in statements(template)
    )
