"""The causes: their words fit a mail, and the runbook has the same."""

import re

import pytest

from docs import repair
from docs.runbook import RUNBOOK, with_sections
from lambdas.judge.causes import CAUSES, Cause, RepairStep

SHARED_BY_NEW_HOSTS = {
    *("dns-missing", "dns-elsewhere", "s3-denied", "s3-bucket-missing", "s3-unreachable"),
    *("answers-slow", "listings-slow", "reboot-due"),
}


def test_the_runbook_is_written_from_the_causes() -> None:
    runbook = RUNBOOK.read_text()
    assert with_sections(runbook) == runbook, "run .venv/bin/python -m docs.runbook"
    assert re.findall(r"^## (.+)$", runbook, re.MULTILINE) == [cause.title for cause in CAUSES.values()]


def test_the_page_about_repairs_is_written_from_the_functions_tables() -> None:
    page = repair.PAGE.read_text()
    assert repair.with_tables(page) == page, "run .venv/bin/python -m docs.repair"


def test_each_cause_has_an_anchor_of_its_own() -> None:
    assert len({cause.anchor for cause in CAUSES.values()}) == len(CAUSES)


@pytest.mark.parametrize("cause", CAUSES.values(), ids=list(CAUSES))
def test_the_runbook_tells_what_to_type_and_where(cause: Cause) -> None:
    assert re.match(r"# (on the host|anywhere).*\n.+\n", cause.commands)
    section = RUNBOOK.read_text().split(f"\n## {cause.title}\n")[1].split("\n## ")[0]
    repairs = ", then ".join(f"`{step}`" for step in cause.repairs) or "none"
    for words in (cause.why, cause.remedy, f"Automatic repair: {repairs}.", f"```\n{cause.commands}```"):
        assert f"\n{words}\n" in section


def test_a_title_fits_a_subject_and_all_is_plain_ascii() -> None:
    for cause in CAUSES.values():
        assert len(cause.title) <= 50
        assert f"{cause.title}{cause.why}{cause.remedy}".isascii()


def test_repairs_go_from_small_to_large() -> None:
    for cause in CAUSES.values():
        assert list(cause.repairs) == [step for step in RepairStep if step in cause.repairs]


@pytest.mark.parametrize(
    "cause_id", sorted(SHARED_BY_NEW_HOSTS | {each for each in CAUSES if each.startswith("renewal-")})
)
def test_a_fault_that_a_new_host_shares_never_replaces_the_host(cause_id: str) -> None:
    assert RepairStep.INSTANCE not in CAUSES[cause_id].repairs


def test_the_tutorials_three_cases_are_covered() -> None:
    no_certificate, server_error, client_error = (
        CAUSES[cause_id] for cause_id in ("certificate-missing", "registry-stopped", "not-the-registry")
    )
    assert "inbound traffic" in no_certificate.remedy
    assert "A record" in no_certificate.remedy
    assert "5xx" in server_error.why
    assert "wrong with the registry container: read its log" in server_error.remedy
    assert "4xx are nginx or the credentials" in client_error.remedy
