"""Who is told what, how often; and what is remembered."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdas.judge.causes import CAUSES, RepairStep
from lambdas.judge.diagnosis import Diagnosis
from lambdas.judge.incident import Mail, Repair, State, transition
from tests.lambdas.account import NOW

FRESH = State(started_at=NOW, since=NOW)
WELL = Diagnosis(None)
STOPPED = Diagnosis(CAUSES["registry-stopped"], is_down=True)
DENIED = Diagnosis(CAUSES["s3-denied"], is_down=True)
TICK = timedelta(minutes=5)


def run(diagnoses: list[Diagnosis], state: State = FRESH) -> list[Mail | None]:
    """The mails of one tick after the other."""
    mails = []
    for tick, diagnosis in enumerate(diagnoses):
        change = transition(state, diagnosis, NOW + tick * TICK)
        mails.append(change.mail)
        state = change.settled
    return mails


def test_one_failure_alone_tells_nobody() -> None:
    assert run([STOPPED, WELL, STOPPED, WELL]) == [None] * 4


def test_the_second_failure_in_a_row_alerts_once_and_its_end_is_told_once() -> None:
    assert run([STOPPED] * 5 + [WELL] * 3) == [None, Mail.ALERT, None, None, None, Mail.RESOLVED, None, None]


def test_two_hundred_healthy_ticks_send_no_mail() -> None:
    assert run([WELL] * 200) == [None] * 200


def test_a_reminder_comes_daily() -> None:
    mails = run([STOPPED] * (3 * 288))
    assert [tick for tick, mail in enumerate(mails) if mail == Mail.REMINDER] == [289, 577]
    assert mails.count(Mail.ALERT) == 1


def test_a_new_cause_in_the_same_incident_is_told_but_not_within_the_hour() -> None:
    mails = run([STOPPED, STOPPED, *[DENIED] * 20])
    assert mails.count(Mail.ALERT) == 1
    assert [tick for tick, mail in enumerate(mails) if mail == Mail.REMINDER] == [13]


def test_causes_that_alternate_do_not_make_more_than_a_mail_an_hour() -> None:
    mails = run([STOPPED, DENIED] * 144)
    assert sum(mail is not None for mail in mails) <= 24


def test_a_mail_that_was_not_sent_is_owed() -> None:
    first = transition(FRESH, STOPPED, NOW)
    second = transition(first.settled, STOPPED, NOW + TICK)
    assert transition(second.claimed, STOPPED, NOW + 2 * TICK).mail == Mail.ALERT
    over = transition(second.settled, WELL, NOW + 2 * TICK)
    assert transition(over.claimed, WELL, NOW + 3 * TICK).mail == Mail.RESOLVED


def test_the_renewal_tells_its_first_failure() -> None:
    assert transition(FRESH, STOPPED, NOW, failures_in_a_row=1).mail == Mail.ALERT


def test_the_incident_begins_with_its_first_failure() -> None:
    change = transition(replace(FRESH, failures=1, cause_id="s3-denied"), DENIED, NOW + TICK)
    assert (change.settled.since, change.settled.failures) == (NOW, 2)


def test_what_an_incident_does_not_end_is_remembered_beyond_it() -> None:
    ill = replace(
        FRESH,
        failures=3,
        cause_id="host-gone",
        told_at=NOW,
        told_cause_id="host-gone",
        repairs=(Repair(RepairStep.INSTANCE, NOW),),
        replaced_at=NOW,
        served_by="i-1",
        renewal_at=NOW,
    )
    assert transition(ill, WELL, NOW + TICK).settled == replace(
        FRESH, since=NOW + TICK, replaced_at=NOW, served_by="i-1", renewal_at=NOW
    )


moments = st.datetimes(datetime(2026, 1, 1), datetime(2036, 1, 1), timezones=st.just(UTC))
states = st.builds(
    State,
    started_at=moments,
    since=moments,
    failures=st.integers(0, 1000),
    cause_id=st.sampled_from(["", *CAUSES]),
    is_down=st.booleans(),
    told_at=st.none() | moments,
    told_cause_id=st.sampled_from(["", *CAUSES]),
    repairs=st.lists(
        st.builds(Repair, st.sampled_from(RepairStep), moments, st.text(max_size=50)), max_size=3
    ).map(tuple),
    replaced_at=st.none() | moments,
    served_by=st.text(max_size=20),
    asked_at=st.none() | moments,
    renewal_at=st.none() | moments,
    leased_until=st.none() | moments,
)


@settings(max_examples=25, deadline=None)
@given(states)
def test_a_state_survives_a_cold_start(state: State) -> None:
    assert State.from_json(state.to_json()) == state


@pytest.mark.parametrize(
    "text",
    [
        *("", "null", "[]", "{}", "{", '{"since": 5}', '{"started_at": "x", "since": "y"}', "[" * 50_000),
        replace(FRESH, cause_id="s3-denied").to_json().replace("s3-denied", "gone-cause"),
    ],
)
def test_what_is_no_state_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        State.from_json(text)
