"""`describe-registry`: the state of the registry for its page."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lambdas.judge.causes import CAUSES
from lambdas.judge.diagnosis import Diagnosis
from lambdas.judge.incident import transition
from lambdas.judge.memory import HealthMemory
from tests.support.relocated_host import DOMAIN, Answer, RelocatedHost
from tests.userdata.conftest import Relocate

NOW = datetime(2026, 11, 28, 7, tzinfo=UTC)
WELL = HealthMemory.of_a_first_run(NOW)
ABSENT = Answer("^aws-api s3 get state health/", complains="aws-api: s3 GetObject: HTTP 404 NoSuchKey: none\n", code=4)


@pytest.fixture
def host(relocate: Relocate) -> RelocatedHost:
    host = relocate("tools/aws-api")
    host.answer(ABSENT)
    return host


def remembers(host: RelocatedHost, text: str) -> None:
    kept = str(host.write("kept", text))
    host.answer(Answer("^aws-api s3 get state health/", copies=(kept, str(host.root / "run/registry/health.json"))))


def after(cause_id: str, *, is_down: bool) -> str:
    """What the health check remembers after it has seen this cause."""
    change = transition(WELL.incident, Diagnosis(CAUSES[cause_id], is_down=is_down), NOW)
    return HealthMemory(NOW, change.incident).to_json()


def described(host: RelocatedHost) -> Mapping[str, Any]:
    done = host.run("steps/describe-registry")
    assert (done.returncode, done.stderr) == (0, "")
    file = host.root / "var/lib/registry-page/registry.json"
    assert file.stat().st_mode & 0o777 == 0o644
    content: dict[str, Any] = json.loads(file.read_text())
    return content


@pytest.mark.parametrize(
    ("memory", "health", "reason"),
    [
        (WELL.to_json(), "OK", None),
        (after("disk-full", is_down=False), "AT RISK", "The disk is full"),
        (after("registry-stopped", is_down=True), "DOWN", "The registry container is stopped"),
        # Version 0.1.0 remembered no title.
        ('{"failures": 2, "cause_id": "disk-full", "is_down": true}', "DOWN", None),
    ],
)
def test_the_last_health_check_is_told(host: RelocatedHost, memory: str, health: str, reason: str | None) -> None:
    remembers(host, memory)
    seen = described(host)
    assert (seen["name"], seen["health"], seen["reason"]) == (DOMAIN, health, reason)


def test_the_certificate_on_disk_is_told(host: RelocatedHost) -> None:
    host.have_certificate(age=timedelta(days=10), lifetime=timedelta(days=90))
    seen = described(host)
    expires, renewed = (datetime.fromisoformat(seen[key]) for key in ("certificate_expires", "renewed_at"))
    assert expires - renewed == timedelta(days=90)
    assert abs(datetime.now(UTC) - timedelta(days=10) - renewed) < timedelta(minutes=5)


def test_the_last_look_of_the_health_check_is_told(host: RelocatedHost) -> None:
    host.write("run/registry/diagnose.object", "now")
    checked_at = datetime.fromisoformat(described(host)["checked_at"])
    assert abs(datetime.now(UTC) - checked_at) < timedelta(minutes=5)


def test_what_is_not_known_yet_is_null(host: RelocatedHost) -> None:
    assert described(host) == {
        "name": DOMAIN,
        "checked_at": None,
        "health": None,
        "reason": None,
        "certificate_expires": None,
        "renewed_at": None,
        "runbook": None,
    }


def test_the_teams_runbook_is_told(host: RelocatedHost) -> None:
    file = host.root / "etc/registry/host.env"
    file.write_text(file.read_text().replace("RUNBOOK_URL=\n", "RUNBOOK_URL=https://example.com/runbook.md\n"))
    assert described(host)["runbook"] == "https://example.com/runbook.md"


def test_a_refusal_of_s3_is_reported_and_the_rest_is_told(host: RelocatedHost) -> None:
    host.have_certificate()
    host.answer(Answer("^aws-api", complains="aws-api: s3 GetObject: HTTP 403 AccessDenied\n", code=4))
    done = host.run("steps/describe-registry")
    assert "AccessDenied" in done.stderr
    seen = json.loads((host.root / "var/lib/registry-page/registry.json").read_text())
    assert seen["health"] is None
    assert seen["certificate_expires"]
