"""The house rules that a machine can check: imports, names, and the size of folders."""

import ast
import sys
from collections import Counter
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]
NAMELESS = {"utils", "util", "helpers", "helper", "constants", "common", "misc"}
FORBIDDEN = {
    "lambdas": {"aws_cdk", "constructs", "stacks", "doctor", "migrate", "restore", "rehearsal", "bench", "tests"},
    "doctor": {"aws_cdk", "constructs", "rehearsal", "bench", "tests"},
    "restore": {"aws_cdk", "constructs", "stacks", "lambdas", "rehearsal", "bench", "tests"},
    "migrate": {"aws_cdk", "constructs", "stacks", "lambdas", "rehearsal", "bench", "tests"},
    "rehearsal": {"stacks", "lambdas", "doctor", "migrate", "restore", "usage", "tests"},
    "bench": {"stacks", "doctor", "migrate", "restore", "usage", "tests"},
    "usage": {"aws_cdk", "constructs", "rehearsal", "bench", "tests"},
}
PACKAGES = ("stacks", "lambdas", "doctor", "migrate", "restore", "rehearsal", "bench", "usage", "userdata")
MOST_MODULES = 12
ROOMLESS = {"__init__.py", "__main__.py"}
STACKS_MAY_IMPORT = {"aws_cdk", "constructs", "jsii", "stacks"} | sys.stdlib_module_names


def is_python(path: Path) -> bool:
    if path.suffix:
        return path.suffix == ".py"
    first_line = path.read_bytes().partition(b"\n")[0]
    return first_line.startswith(b"#!") and b"python" in first_line


def python_files(folder: str) -> list[Path]:
    """Modules, and scripts without a suffix."""
    paths = (PROJECT / folder).rglob("*")
    return [path for path in paths if path.is_file() and "__pycache__" not in path.parts and is_python(path)]


def imports(source: str) -> Iterator[str]:
    """The first part of every module's name that is imported anywhere in the source."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (name.name.partition(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.partition(".")[0]


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(PROJECT).with_suffix("").parts).removesuffix(".__init__")


def imported_modules(source: str, known: set[str]) -> Iterator[str]:
    """The whole names of our own modules that the source imports, but for those that only types need."""
    tree = ast.parse(source)
    for_types = {
        id(node) for branch in ast.walk(tree) if isinstance(branch, ast.If)
        if ast.unparse(branch.test) == "TYPE_CHECKING" for node in ast.walk(branch)
    }  # fmt: skip
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and id(node) not in for_types:
            names = {f"{node.module}.{name.name}" for name in node.names} & known
            yield from names or {node.module} & known


def environment_reads(source: str) -> Iterator[int]:
    """Lines that look at the environment of the process."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "environb", "getenv"}:
            yield node.lineno
        elif isinstance(node, ast.ImportFrom) and node.module == "os":
            yield from (node.lineno for name in node.names if name.name in {"environ", "environb", "getenv"})


def test_the_stacks_import_the_cdk_and_the_standard_library_only() -> None:
    files = python_files("stacks")
    assert files
    found = {(path.name, name) for path in files for name in imports(path.read_text())}
    assert {(file, name) for file, name in found if name not in STACKS_MAY_IMPORT} == set()


def test_the_stacks_never_look_at_the_environment() -> None:
    assert [path.name for path in python_files("stacks") if list(environment_reads(path.read_text()))] == []


@pytest.mark.parametrize("folder", FORBIDDEN)
def test_a_folder_does_not_import_what_it_must_not_know(folder: str) -> None:
    found = {(str(path), name) for path in python_files(folder) for name in imports(path.read_text())}
    assert {(file, name) for file, name in found if name in FORBIDDEN[folder]} == set()


def test_no_module_imports_itself_through_others() -> None:
    names = {path: module_name(path) for folder in PACKAGES for path in python_files(folder)}
    known = set(names.values())
    graph = {name: set(imported_modules(path.read_text(), known)) - {name} for path, name in names.items()}
    # CycleError names the circle.
    TopologicalSorter(graph).prepare()


def test_a_folder_has_at_most_a_dozen_modules() -> None:
    folders = Counter(path.parent for folder in PACKAGES for path in python_files(folder) if path.name not in ROOMLESS)
    assert {str(folder): count for folder, count in folders.items() if count > MOST_MODULES} == {}


@pytest.mark.parametrize("folder", [*PACKAGES, "docs", "tests", "userdata"])
def test_every_module_is_named_after_its_subject(folder: str) -> None:
    paths = [path for path in (PROJECT / folder).rglob("*") if "__pycache__" not in path.parts]
    assert [str(path) for path in paths if path.stem in NAMELESS] == []


def test_userdata_is_bash_and_configuration_and_one_program_of_the_standard_library() -> None:
    files = python_files("userdata")
    assert {path.relative_to(PROJECT).parts[:2] for path in files} == {("userdata", "usage")}
    found = {(path.name, name) for path in files for name in imports(path.read_text())}
    assert {(file, name) for file, name in found if name not in sys.stdlib_module_names} == set()


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import boto3", {"boto3"}),
        ("import os, stacks.host as host", {"os", "stacks"}),
        ("def later():\n    from lambdas.probe import probe", {"lambdas"}),
        ("from . import neighbour", set()),
    ],
)
def test_an_import_is_found_wherever_it_hides(source: str, found: set[str]) -> None:
    assert set(imports(source)) == found


@pytest.mark.parametrize(
    "source", ["import os\nos.environ['A']", "import os\nos.getenv('A')", "from os import environ"]
)
def test_a_look_at_the_environment_is_found(source: str) -> None:
    assert list(environment_reads(source))


def test_a_circle_is_looked_for_in_what_runs_and_not_in_what_only_types_need() -> None:
    source = "from a.b import c\nfrom a import d\nif TYPE_CHECKING:\n    from a.e import f"
    assert set(imported_modules(source, {"a", "a.b", "a.d", "a.e"})) == {"a.b", "a.d"}
