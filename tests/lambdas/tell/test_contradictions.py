"""Each cause's mail, made from its own evidence: What and Why say nothing that the lines below them deny."""

import re
from collections.abc import Mapping, Sequence

import pytest

from lambdas.judge.causes import CAUSES
from lambdas.judge.checks import Check
from lambdas.judge.diagnosis import Diagnosis, diagnose
from lambdas.judge.incident import Change, Incident, MailKind
from lambdas.judge.renewal import judge_renewal, read_renewal
from lambdas.tell.alert import Registry, write_alert
from tests.support.seen_faults import FAULTS, OUTSIDE_ONLY, after
from tests.support.well_registry import ADDRESS, HOST, NOW, WELL, WELL_OUTSIDE, answered

# What a sentence is about, and the lines that can say so.
SUBJECTS: Mapping[str, str] = {
    r"DNS|A record": "DNS|renewal",
    r"[Pp]ort 443|front door": "port 443|TLS|/v2/ .*|host door",
    r"[Pp]ort 80": "renewal",
    r"TLS|handshake": "TLS",
    r"[Cc]ertificate(?! authority)|placeholder": "TLS|certificate .*|host certificate|renewal|last renewal",
    r"[Ll]ogin|log in|password": "/v2/ with login|/v2/ without login|health login|host (auth|login|users file)",
    r"\busers\b(?!' )": "host users file|slow listings|health login|/v2/ with login",
    r"nginx|configuration": "host nginx( config)?|host registry",
    r"Docker (does|runs|is)": "host docker( answer)?",
    r"container": "host (registry|docker|docker answer)",
    r"S3|bucket": "host s3",
    r"[Rr]esolver": "host resolver",
    r"disk": "host disk used",
    r"memory": "host memory available",
    r"clock": "host clock",
    r"Systems Manager|SSM": "Run Command",
    r"Elastic IP|lost its address": "host address",
    r"[Ll]ist(s|ings)": "slow listings|/v2/_catalog with login",
    r"diagnosis is": "diagnose",
}
# A sentence that says what works, and the line that must not deny it.
WORKS: Mapping[str, str] = {
    r"[Pp]ort 443 accepts": "port 443",
    r"Pushes and pulls are served": "/v2/ with login",
    r"Clients should still be served": "port 443",
}
DETAIL = {
    "failed": "reason=other\ndetail=certbot ended",
    **{
        reason: f"reason={reason}\ndetail=see the log"
        for reason in ("port-80", "dns", "caa", "rate-limited", "ca-down")
    },
    "hook-failed": "reason=hook-failed\ndetail=deploy hook",
}


def evidence(cause_id: str) -> Diagnosis:
    if not cause_id.startswith("renewal-"):
        return diagnose(after(WELL, *(FAULTS | OUTSIDE_ONLY)[cause_id]))
    reply = answered(DETAIL[cause_id.removeprefix("renewal-")], succeeded=False)
    return judge_renewal(read_renewal(reply), WELL_OUTSIDE, ADDRESS)


def is_denied(sentence: str, checks: Sequence[Check]) -> str | None:
    """The subject that no failing line has, or the words that a failing line denies."""
    for words, lines in WORKS.items():
        if re.search(words, sentence):
            named = [check for check in checks if re.fullmatch(lines, check.name)]
            return None if all(check.ok for check in named) else words
    for words, lines in SUBJECTS.items():
        if re.search(words, sentence):
            named = [check for check in checks if re.fullmatch(lines, check.name)]
            if all(check.ok for check in named):
                return words
    return None


@pytest.mark.parametrize("cause_id", [each for each in CAUSES if each != "alerts-undelivered"])
def test_what_and_why_follow_from_the_failing_lines(cause_id: str) -> None:
    diagnosis = evidence(cause_id)
    assert diagnosis.cause == CAUSES[cause_id]
    incident = Incident(NOW, 2, cause_id, diagnosis.is_down)
    registry = Registry("registry.example.com", "eu-central-1", "docs/runbook.md")
    change = Change(incident, MailKind.ALERT)
    mail = write_alert(change, registry, diagnosis.checks, host=HOST, now=NOW)
    what, why = mail.body.splitlines()[:2]
    sentences = re.split(r"(?<=[.:]) ", f"{what.removeprefix('What: ')} {why.removeprefix('Why: ')}")
    assert {each: denied for each in sentences if (denied := is_denied(each, diagnosis.checks))} == {}


def test_a_sentence_about_tls_where_tls_is_ok_is_found() -> None:
    checks = (Check("port 443", True, "open", "open"), Check("TLS", True, "ok", "ok"))
    assert is_denied("Port 443 is open, but no TLS handshake follows.", checks)
