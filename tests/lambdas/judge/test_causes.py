"""Causes and runbook are one thing in two forms."""

import re
from pathlib import Path

import pytest

from lambdas.judge.causes import CAUSES, Cause, Step

RUNBOOK = (Path(__file__).resolve().parents[3] / "docs" / "runbook.md").read_text()
SECTIONS = dict(part.split("\n", 1) for part in RUNBOOK.split("\n## ")[1:])
SHARED_BY_NEW_HOSTS = {"dns-missing", "dns-elsewhere", "s3-denied", "s3-bucket-missing", "s3-unreachable"}

each_cause = pytest.mark.parametrize("cause", CAUSES.values(), ids=list(CAUSES))


def test_the_runbook_has_one_heading_for_each_cause() -> None:
    assert list(SECTIONS) == [cause.title for cause in CAUSES.values()]
    assert len({cause.anchor for cause in CAUSES.values()}) == len(CAUSES)


@each_cause
def test_the_runbook_uses_the_words_of_the_mail_and_says_what_to_type(cause: Cause) -> None:
    section = SECTIONS[cause.title]
    assert f"\n{cause.why}\n" in section
    assert f"\n{cause.remedy}\n" in section
    steps = ", then ".join(f"`{step}`" for step in cause.repairs) or "nothing"
    assert f"\nTried without you: {steps}.\n" in section
    assert re.search(r"\n```\n# (on the host|anywhere)\n.+\n```\n", section, re.DOTALL)


def test_a_title_fits_a_subject_and_all_is_plain_ascii() -> None:
    for cause in CAUSES.values():
        assert len(cause.title) <= 50
        assert f"{cause.title}{cause.why}{cause.remedy}".isascii()


def test_repairs_go_from_small_to_large() -> None:
    for cause in CAUSES.values():
        assert list(cause.repairs) == [step for step in Step if step in cause.repairs]


@pytest.mark.parametrize(
    "cause_id", sorted(SHARED_BY_NEW_HOSTS | {each for each in CAUSES if each.startswith("renewal-")})
)
def test_a_fault_that_a_new_host_would_share_is_never_repaired_by_one(cause_id: str) -> None:
    assert Step.INSTANCE not in CAUSES[cause_id].repairs


def test_the_tutorials_three_cases_are_among_them_and_say_at_least_what_it_said() -> None:
    no_certificate, server_error, client_error = (
        CAUSES[cause_id] for cause_id in ("certificate-missing", "registry-stopped", "not-the-registry")
    )
    assert "inbound traffic" in no_certificate.remedy
    assert "A record" in no_certificate.remedy
    assert "5xx" in server_error.why
    assert "wrong with the registry container: read its log" in server_error.remedy
    assert "4xx are nginx or the credentials" in client_error.remedy
