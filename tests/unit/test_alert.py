"""The mail a person gets, and what nobody can make it say."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdas.alert import quoted, write_alert
from lambdas.causes import CAUSES, Step
from lambdas.check import Check
from lambdas.transition import Change, Mail, Repair, State
from tests.unit.account import NOW

DOMAIN = "registry.example.com"
INCIDENT = State(
    started_at=NOW,
    since=NOW - timedelta(minutes=5),
    failures=2,
    cause_id="registry-stopped",
    is_down=True,
    repairs=(Repair(Step.SERVICE, NOW, "restarted"),),
)


def change(mail: Mail, **changed: object) -> Change:
    return Change(replace(INCIDENT, **changed), INCIDENT, mail)  # type: ignore[arg-type]


def test_the_mail_names_what_why_do_runbook_and_then_the_checks() -> None:
    checks = [Check("port 443", True, "open", "open"), Check("registry", False, "exited", "running")]
    written = write_alert(change(Mail.ALERT), DOMAIN, checks)
    assert written.subject == "[registry.example.com] DOWN: The registry container is stopped"
    cause = CAUSES["registry-stopped"]
    assert written.body == (
        "What: The registry container is stopped (since 2026-12-01 03:12 UTC)."
        " Clients cannot use the registry.\n"
        f"Why: {cause.why}\n"
        f"Do: {cause.remedy}\n"
        "Runbook: docs/runbook.md#the-registry-container-is-stopped\n"
        "\n"
        "FAIL registry exited, expected running\n"
        "ok   port 443 open\n"
        "\n"
        "Repair 2026-12-01 03:17 UTC: service, restarted\n"
    )


@pytest.mark.parametrize(
    ("mail", "is_down", "heading"),
    [
        (Mail.ALERT, True, "DOWN"),
        (Mail.ALERT, False, "AT RISK"),
        (Mail.REMINDER, True, "STILL DOWN"),
        (Mail.REMINDER, False, "STILL AT RISK"),
        (Mail.RESOLVED, True, "RESOLVED"),
    ],
)
def test_the_subject_says_whether_clients_feel_it(mail: Mail, is_down: bool, heading: str) -> None:
    subject = write_alert(change(mail, is_down=is_down), DOMAIN, []).subject
    assert subject == f"[registry.example.com] {heading}: The registry container is stopped"


@pytest.mark.parametrize("length", [5, 60, 253])
def test_every_subject_is_one_that_sns_takes(length: int) -> None:
    domain = ("a" * (length - 4)) + ".com"
    for cause in CAUSES.values():
        subject = write_alert(change(Mail.REMINDER, is_down=False, cause_id=cause.id), domain, []).subject
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
def test_what_was_observed_is_quoted_harmlessly(hostile: str, harmless: str) -> None:
    assert quoted(hostile) == harmless


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.sampled_from(["\n", "\r", "https://", "evil.example", "@", "Do: ", "FAIL ", "\u2028"])
        | st.text(max_size=9)
    )
)
def test_no_log_line_forges_a_subject_a_line_or_a_link(pieces: list[str]) -> None:
    hostile = "".join(pieces)
    checks = [Check(hostile, False, hostile, hostile)]
    written = write_alert(change(Mail.ALERT, repairs=(Repair(Step.SERVICE, NOW, hostile),)), DOMAIN, checks)
    assert written.subject == "[registry.example.com] DOWN: The registry container is stopped"
    head, check, gap, repair = written.body.splitlines()[:5], *written.body.splitlines()[5:]
    assert [line.partition(":")[0] for line in head] == ["What", "Why", "Do", "Runbook", ""]
    assert (check[:5], gap, repair[:7]) == ("FAIL ", "", "Repair ")
    assert not re.search(r"://|@|\w\.[A-Za-z]", f"{check}\n{repair}")
    assert len(check) < 900
