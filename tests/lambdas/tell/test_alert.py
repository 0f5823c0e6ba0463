"""The mail: what it says, and what no observed text can make it say."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdas.judge.causes import CAUSES, RepairStep
from lambdas.judge.checks import Check
from lambdas.judge.incident import Change, Incident, MailKind, Repair
from lambdas.tell.alert import Message, Registry, quoted, write_alert
from tests.support.well_registry import NOW

REGISTRY = Registry("registry.example.com", "eu-central-1", "docs/runbook.md")
HOST = "i-0123456789abcdef0"
INCIDENT = Incident(
    since=NOW - timedelta(minutes=5),
    failures=2,
    cause_id="registry-stopped",
    is_down=True,
    repairs=(Repair(RepairStep.SERVICE, NOW, "restarted"),),
)


def change(mail: MailKind, **changed: object) -> Change:
    return Change(replace(INCIDENT, **changed), mail)  # type: ignore[arg-type]


def written(change: Change, checks: Sequence[Check] = (), registry: Registry = REGISTRY) -> Message:
    return write_alert(change, registry, checks, host=HOST, now=NOW)


def test_the_mail_begins_with_what_why_do_and_runbook() -> None:
    checks = [Check("port 443", True, "open", "open"), Check("registry", False, "exited", "running")]
    mail = written(change(MailKind.ALERT), checks)
    assert mail.subject == "[registry.example.com] DOWN: The registry container is stopped"
    cause = CAUSES["registry-stopped"]
    assert mail.body == (
        "What: The registry container is stopped (since 2026-12-01 03:12 UTC)."
        " Clients cannot use the registry.\n"
        f"Why: {cause.why}\n"
        f"Do: {cause.remedy}\n"
        "Runbook: docs/runbook.md#the-registry-container-is-stopped\n"
        f"Host: {HOST}; a shell: aws ssm start-session --region eu-central-1 --target {HOST}\n"
        "\n"
        "FAIL registry exited, expected running\n"
        "ok   port 443 open\n"
        "\n"
        "Repair 2026-12-01 03:17 UTC: service, restarted\n"
    )


def test_the_resolved_mail_says_what_it_was_and_how_long_it_took() -> None:
    mail = written(change(MailKind.RESOLVED), [Check("port 443", True, "open", "open")])
    assert mail.subject == "[registry.example.com] RESOLVED: The registry container is stopped"
    assert mail.body.splitlines()[:3] == [
        "What: Well again since 2026-12-01 03:17 UTC, after 5 minutes.",
        "Why: It was this: The registry container is stopped.",
        "Do: Nothing.",
    ]


def test_the_mail_links_to_the_teams_own_runbook() -> None:
    registry = replace(REGISTRY, runbook="https://example.com/runbook.md")
    line = "Runbook: https://example.com/runbook.md#the-registry-container-is-stopped"
    assert line in written(change(MailKind.ALERT), registry=registry).body.splitlines()


@pytest.mark.parametrize(
    ("mail", "is_down", "heading"),
    [
        (MailKind.ALERT, True, "DOWN"),
        (MailKind.ALERT, False, "AT RISK"),
        (MailKind.REMINDER, True, "STILL DOWN"),
        (MailKind.REMINDER, False, "STILL AT RISK"),
        (MailKind.RESOLVED, True, "RESOLVED"),
    ],
)
def test_the_subject_says_whether_clients_feel_it(mail: MailKind, is_down: bool, heading: str) -> None:
    subject = written(change(mail, is_down=is_down)).subject
    assert subject == f"[registry.example.com] {heading}: The registry container is stopped"


@pytest.mark.parametrize("length", [5, 60, 253])
def test_sns_takes_every_subject(length: int) -> None:
    domain = ("a" * (length - 4)) + ".com"
    for cause in CAUSES.values():
        registry = replace(REGISTRY, domain_name=domain)
        subject = written(change(MailKind.REMINDER, is_down=False, cause_id=cause.id), registry=registry).subject
        assert len(subject) < 100
        assert subject.isascii()
        assert subject.isprintable()
        assert subject.endswith(f"] STILL AT RISK: {cause.title}")


@pytest.mark.parametrize(
    ("hostile", "harmless"),
    [
        ("https://evil.example/login", "https[:]//evil[.]example/login"),
        ("HTTP://EVIL.EXAMPLE", "HTTP[:]//EVIL[.]EXAMPLE"),
        ("www.evil.example", "www[.]evil[.]example"),
        ("admin@evil.example", "admin(at)evil[.]example"),
        ("a\r\nSubject: [x] RESOLVED", "a Subject: [x] RESOLVED"),
        ("a\nDo: run this", "a Do: run this"),
        ("a\u2028b\u202ec\x1b[31md\x00e", "a b c [31md e"),
        ("203.0.113.7 took 1.5 s", "203.0.113.7 took 1.5 s"),
        ("é" * 5, ""),
    ],
)
def test_observed_text_is_quoted_harmlessly(hostile: str, harmless: str) -> None:
    assert quoted(hostile) == harmless


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.sampled_from(["\n", "\r", "https://", "evil.example", "@", "Do: ", "FAIL ", "\u2028"]) | st.text(max_size=9)
    )
)
def test_no_log_line_forges_a_subject_a_line_or_a_link(pieces: list[str]) -> None:
    hostile = "".join(pieces)
    checks = [Check(hostile, False, hostile, hostile)]
    mail = written(change(MailKind.ALERT, repairs=(Repair(RepairStep.SERVICE, NOW, hostile),)), checks)
    assert mail.subject == "[registry.example.com] DOWN: The registry container is stopped"
    head, check, gap, repair = mail.body.splitlines()[:6], *mail.body.splitlines()[6:]
    assert [line.partition(":")[0] for line in head] == ["What", "Why", "Do", "Runbook", "Host", ""]
    assert (check[:5], gap, repair[:7]) == ("FAIL ", "", "Repair ")
    assert not re.search(r"://|@|\w\.[A-Za-z]", f"{check}\n{repair}")
    assert len(check) < 900
