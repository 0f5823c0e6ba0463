"""The findings of cdk-nag, checkov and cfn-lint in the templates are exactly the exceptions."""

import json
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import cfnlint.api  # type: ignore[import-untyped]
import pytest
from aws_cdk import App, Stack, Validations
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from cdk_nag import AwsSolutionsChecks

from tests.stacks.checkers.checkov import failed_checks
from tests.stacks.checkers.exceptions import EXCEPTED
from tests.support.assembly import EVERYTHING_ELSE, Synthesise, empty_app, registry_app, unhashed

VARIANTS: tuple[dict[str, str | bool], ...] = ({}, EVERYTHING_ELSE)
WILDCARD = re.compile(r"^(AwsSolutions-IAM5)\[Resource::(.*)\]$")
ATTRIBUTE = re.compile(r"registry-\w+:ExportsOutputFnGetAtt(\w+?)[0-9A-F]{8}Arn[0-9A-F]{8}")

# (rule, resource)
Finding = tuple[str, str]


def excepted(prefix: str) -> set[Finding]:
    return {(each.rule, resource) for each in EXCEPTED if each.rule.startswith(prefix) for resource in each.resources}


def cfn_lint(templates: Iterable[Path]) -> set[Finding]:
    return {
        (match.rule.id, f"{_stack(path)}/{unhashed(str(match.path[1]))}")
        for path in templates
        for match in cfnlint.api.lint_file(path)
    }


def checkov(templates: Path) -> set[Finding]:
    return {
        (check["check_id"], f"{_stack(Path(check['file_path']))}/{unhashed(check['resource'].rsplit('.')[-1])}")
        for check in failed_checks(templates)
    }


def cdk_nag(app: App) -> set[Finding]:
    """Without suppressions, which would have to stand in the stacks."""
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    with pytest.raises(RuntimeError, match="ValidationFailed"):
        app.synth()
    (report,) = json.loads((Path(app.outdir) / "validation-report.json").read_text())["pluginReports"]
    return {
        _nag_finding(violation["ruleName"], construct["constructPath"])
        for violation in report["violations"]
        for construct in violation["violatingConstructs"]
    }


def _nag_finding(rule: str, path: str) -> Finding:
    resource = path.removeprefix("registry-").removesuffix("/Resource")
    if not (found := WILDCARD.match(rule)):
        return rule, resource
    allowed = ATTRIBUTE.sub(r"<\1>", found[2])
    allowed = allowed.replace("<AWS::Partition>:", "").replace("<AWS::Region>:<AWS::AccountId>:", "")
    return found[1], f"{resource} {allowed}"


def _stack(template: Path) -> str:
    return template.name.removesuffix(".template.json").rpartition("registry-")[2]


@dataclass(frozen=True, slots=True)
class Faulty:
    """A stack with a fault for every checker: they check it beside ours."""

    template: Path
    found_by_nag: set[Finding]


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Faulty:
    folder = tmp_path_factory.mktemp("faulty")
    app = empty_app(folder)
    stack = Stack(app, "registry-faulty")
    s3.CfnBucket(stack, "Open").add_property_override("Colour", "blue")
    sqs.CfnQueue(stack, "Plain")
    found = cdk_nag(app)
    return Faulty(folder / "registry-faulty.template.json", found)


@pytest.fixture(scope="module")
def templates(synthesise: Synthesise, faulty: Faulty, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The templates of both variants and the faulty one, and nothing else, in one folder."""
    folder = tmp_path_factory.mktemp("templates")
    shutil.copy(faulty.template, folder)
    for number, settings in enumerate(VARIANTS):
        for template in synthesise(**settings).templates:
            shutil.copy(template.path, folder / f"{number}-{template.path.name}")
    return folder


def of_ours(found: set[Finding]) -> set[Finding]:
    return {(rule, resource) for rule, resource in found if not resource.startswith("faulty/")}


def test_cfn_lint_finds_what_is_excepted_and_a_fault(templates: Path) -> None:
    found = cfn_lint(templates.iterdir())
    assert found - of_ours(found) == {("E3002", "faulty/Open")}
    assert of_ours(found) == excepted("W")


def test_checkov_finds_what_is_excepted_and_a_fault(templates: Path) -> None:
    found = checkov(templates)
    assert ("CKV_AWS_53", "faulty/Open") in found
    assert of_ours(found) == excepted("CKV")


def test_cdk_nag_finds_what_is_excepted_and_a_fault(tmp_path: Path, faulty: Faulty) -> None:
    assert {("AwsSolutions-S10", "faulty/Open"), ("AwsSolutions-SQS4", "faulty/Plain")} <= faulty.found_by_nag
    found: set[Finding] = set()
    for number, settings in enumerate(VARIANTS):
        found |= cdk_nag(registry_app(tmp_path / str(number), settings))
    assert found == excepted("AwsSolutions")


def test_every_exception_has_a_checker_a_reason_and_no_duplicate() -> None:
    listed = [(each.rule, resource) for each in EXCEPTED for resource in each.resources]
    assert sorted(listed) == sorted(excepted("W") | excepted("CKV") | excepted("AwsSolutions"))
    assert all(each.reason.endswith(".") and len(each.reason.split()) > 4 for each in EXCEPTED)
