"""Memories survive a cold start, also the memories that an earlier version wrote."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdas.judge.causes import CAUSES, RepairStep
from lambdas.judge.incident import Incident, Repair
from lambdas.judge.memory import NEW_HOST_GRACE, HealthMemory, Memory, RenewalMemory
from tests.support.well_registry import HOST, NOW

moments = st.datetimes(datetime(2026, 1, 1), datetime(2036, 1, 1), timezones=st.just(UTC))
moments_or_none = st.none() | moments
repairs = st.builds(Repair, st.sampled_from(RepairStep), moments, st.text(max_size=50))
causes = st.sampled_from(["", *CAUSES])
incidents = st.builds(
    Incident,
    since=moments,
    failures=st.integers(0, 1000),
    cause_id=causes,
    is_down=st.booleans(),
    told_at=moments_or_none,
    told_cause_id=causes,
    repairs=st.lists(repairs, max_size=3).map(tuple),
)
memories: st.SearchStrategy[Memory] = st.builds(
    HealthMemory,
    moments,
    incidents,
    moments_or_none,
    replaced_at=moments_or_none,
    served_by=st.text(max_size=20),
    renewal_at=moments_or_none,
    replaced_for=causes,
    replacement_helped=st.booleans(),
    canary=st.text(max_size=20),
) | st.builds(RenewalMemory, moments, incidents, moments_or_none, asked_at=moments_or_none)


@settings(max_examples=25, deadline=None)
@given(memories)
def test_a_memory_survives_a_cold_start(memory: Memory) -> None:
    assert type(memory).from_json(memory.to_json()) == memory


def test_the_objects_of_a_deployed_registry_are_read_without_loss() -> None:
    # Version 0.1.0 wrote one form for both jobs.
    written = {
        "started_at": (NOW - timedelta(days=90)).isoformat(),
        "since": NOW.isoformat(),
        "failures": 3,
        "cause_id": "host-gone",
        "is_down": True,
        "told_at": NOW.isoformat(),
        "told_cause_id": "host-gone",
        "repairs": [["service", NOW.isoformat(), "repaired registry"], ["instance", NOW.isoformat(), "begun"]],
        "replaced_at": NOW.isoformat(),
        "served_by": HOST,
        "asked_at": None,
        "renewal_at": NOW.isoformat(),
        "leased_until": (NOW + timedelta(minutes=4)).isoformat(),
    }
    repairs = (Repair(RepairStep.SERVICE, NOW, "repaired registry"), Repair(RepairStep.INSTANCE, NOW))
    health = HealthMemory(
        NOW - timedelta(days=90),
        Incident(NOW, 3, "host-gone", is_down=True, told_at=NOW, told_cause_id="host-gone", repairs=repairs),
        NOW + timedelta(minutes=4),
        NOW,
        HOST,
        NOW,
    )
    assert HealthMemory.from_json(json.dumps(written)) == health
    learned_later = {"cause_title": "", "replaced_for": "", "replacement_helped": False, "canary": ""}
    kept = {key: written[key] for key in written if key != "asked_at"}
    assert json.loads(health.to_json()) == kept | learned_later
    renewal = RenewalMemory(health.started_at, replace(health.incident, repairs=()), asked_at=NOW)
    written |= {"repairs": [], "replaced_at": None, "served_by": "", "renewal_at": None}
    written |= {"leased_until": None, "asked_at": NOW.isoformat()}
    assert RenewalMemory.from_json(json.dumps(written)) == renewal


@pytest.mark.parametrize(
    "text",
    [
        *("", "null", "[]", "{}", "{", '{"since": 5}', '{"started_at": "x", "since": "y"}', "[" * 50_000),
        HealthMemory(NOW, Incident(NOW, 1, "s3-denied")).to_json().replace("s3-denied", "gone-cause"),
    ],
)
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        HealthMemory.from_json(text)


@pytest.mark.parametrize(
    ("cause_id", "asked", "grace"),
    [
        ("ssm-offline", ("i-new",), NEW_HOST_GRACE),
        ("ssm-offline", (), NEW_HOST_GRACE),
        ("ssm-offline", (HOST,), timedelta(0)),
        ("ssm-offline", (HOST, "i-new"), timedelta(0)),
        ("host-gone", ("i-new",), timedelta(0)),
        (None, ("i-new",), timedelta(0)),
    ],
)
def test_only_a_silent_agent_of_a_new_host_is_given_time(
    cause_id: str | None, asked: tuple[str, ...], grace: timedelta
) -> None:
    assert replace(HealthMemory.of_a_first_run(NOW), served_by=HOST).grace(cause_id, asked) == grace
