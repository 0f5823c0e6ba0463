"""What stacks, functions, host scripts and rehearsal say of a host: its tag, its verbs and its settings."""

import ast
import re
from collections.abc import Mapping

from lambdas.judge.repair import VERBS
from lambdas.see.facts import Facts
from lambdas.see.run_command import HOST_TAG
from rehearsal.contract import product
from stacks.statements import HOST_TAG as TAG_OF_STACKS
from tests.contract.conftest import DOMAIN, LAMBDAS, USERDATA, script, source_of
from tests.support.assembly import Assembly

# Set by bash, by systemd or by a script for the programs it starts.
NOT_SETTINGS = {"AWS_API_SECONDS", "HOME", "HOSTNAME", "MAINPID", "PATH", "SECONDS", "TMPDIR"}


def verbs_of_document(assembly: Assembly) -> set[str]:
    content = assembly.operations.properties("AWS::SSM::Document")["Content"]
    return set(content["parameters"]["verb"]["allowedValues"])


def test_functions_find_hosts_by_the_tag_that_the_stack_gives_them(assembly: Assembly) -> None:
    tags = assembly.host.properties("AWS::AutoScaling::AutoScalingGroup")["Tags"]
    assert {each["Key"]: each["Value"] for each in tags}[HOST_TAG] == DOMAIN
    assert TAG_OF_STACKS == HOST_TAG


def test_document_allows_every_program_in_bin_and_no_other(assembly: Assembly) -> None:
    assert verbs_of_document(assembly) == {path.name for path in (USERDATA / "bin").iterdir()}


def test_document_runs_verbs_from_the_folder_where_the_host_keeps_them(assembly: Assembly) -> None:
    (step,) = assembly.operations.properties("AWS::SSM::Document")["Content"]["mainSteps"]
    assert step["inputs"]["runCommand"] == [f"exec {product.HOME}/bin/{{{{ verb }}}}"]


def test_functions_and_user_changes_ask_for_every_verb_and_no_other(assembly: Assembly) -> None:
    asked = {
        node.value
        for path in LAMBDAS.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    } & verbs_of_document(assembly)
    assert set(VERBS.values()) < asked
    rule = str(assembly.operations.of_type("AWS::Events::Rule"))
    assert asked | {verb for verb in verbs_of_document(assembly) if verb in rule} == verbs_of_document(assembly)


def test_rehearsal_breaks_and_calls_verbs_that_the_document_allows(assembly: Assembly) -> None:
    for verb in (product.DIAGNOSE, product.SYNC_USERS):
        assert verb.removeprefix(f"{product.HOME}/bin/") in verbs_of_document(assembly)


def test_host_scripts_read_every_setting_that_the_stack_writes_and_no_other(host_env: Mapping[str, str]) -> None:
    read = set(re.findall(r"\$\{?([A-Z][A-Z_]+)", source_of(USERDATA)))
    read |= set(re.findall(r"os\.environ\[\"([A-Z_]+)\"\]", source_of(USERDATA)))
    assert read - NOT_SETTINGS == host_env.keys()


def test_rehearsal_reads_settings_that_the_stack_writes(host_env: Mapping[str, str]) -> None:
    assert {product.IMAGE_BUCKET, product.STATE_BUCKET} <= host_env.keys()


def test_diagnose_prints_the_facts_that_the_functions_read() -> None:
    (keys,) = re.findall(r"^readonly keys=\((.*?)\)", script("bin/diagnose"), re.DOTALL | re.MULTILINE)
    assert set(keys.split()) == set(Facts.__dataclass_fields__)


def test_user_data_writes_scripts_to_the_folder_where_the_host_keeps_them(files: Mapping[str, str]) -> None:
    assert {product.BOOTSTRAP, product.AWS_API} <= files.keys()
