"""When a mail is sent about an incident, and when not."""

from datetime import timedelta

from lambdas.judge.causes import CAUSES, RepairStep
from lambdas.judge.diagnosis import Diagnosis
from lambdas.judge.incident import Incident, MailKind, Repair, transition
from tests.support.well_registry import NOW

FRESH = Incident(since=NOW)
WELL = Diagnosis(None)
STOPPED = Diagnosis(CAUSES["registry-stopped"], is_down=True)
DENIED = Diagnosis(CAUSES["s3-denied"], is_down=True)
TICK = timedelta(minutes=5)
ALERT, REMINDER, RESOLVED = MailKind


def mails_of(*diagnoses: Diagnosis) -> list[MailKind | None]:
    """One tick after the other."""
    mails, incident = [], FRESH
    for tick, diagnosis in enumerate(diagnoses):
        now = NOW + tick * TICK
        change = transition(incident, diagnosis, now)
        mails.append(change.mail)
        incident = change.incident.after(change.mail, now)
    return mails


def test_one_failure_alone_sends_no_mail() -> None:
    assert mails_of(STOPPED, WELL, STOPPED, WELL) == [None] * 4


def test_second_failure_in_a_row_alerts_once_and_resolves_once() -> None:
    mails = mails_of(*[STOPPED] * 5, *[WELL] * 3)
    assert mails == [None, ALERT, None, None, None, RESOLVED, None, None]


def test_a_grace_holds_the_first_mail_back_and_no_later_one() -> None:
    incident, grace, mails = FRESH, 3 * TICK, []
    for tick in range(6):
        change = transition(incident, STOPPED, NOW + tick * TICK, grace=grace)
        mails.append(change.mail)
        incident = change.incident.after(change.mail, NOW + tick * TICK)
    assert mails == [None, None, None, ALERT, None, None]


def test_two_hundred_healthy_ticks_send_no_mail() -> None:
    assert mails_of(*[WELL] * 200) == [None] * 200


def test_a_reminder_comes_daily() -> None:
    mails = mails_of(*[STOPPED] * (3 * 288))
    assert [tick for tick, mail in enumerate(mails) if mail == REMINDER] == [289, 577]
    assert mails.count(ALERT) == 1


def test_a_new_cause_in_an_incident_sends_a_mail_after_an_hour() -> None:
    mails = mails_of(STOPPED, STOPPED, *[DENIED] * 20)
    assert mails.count(ALERT) == 1
    assert [tick for tick, mail in enumerate(mails) if mail == REMINDER] == [13]


def test_alternating_causes_send_at_most_one_mail_an_hour() -> None:
    mails = mails_of(*[STOPPED, DENIED] * 144)
    assert sum(mail is not None for mail in mails) <= 24


def test_the_resolved_mail_names_the_cause_that_the_last_mail_named() -> None:
    incident = transition(transition(FRESH, DENIED, NOW).incident, DENIED, NOW).incident.after(ALERT, NOW)
    change = transition(transition(incident, STOPPED, NOW).incident, WELL, NOW)
    assert (change.mail, change.incident.cause_id) == (RESOLVED, "s3-denied")


def test_a_mail_that_was_not_sent_is_sent_by_the_next_run() -> None:
    first = transition(FRESH, STOPPED, NOW).incident
    second = transition(first, STOPPED, NOW + TICK)
    assert transition(second.incident, STOPPED, NOW + 2 * TICK).mail == ALERT
    over = transition(second.incident.after(second.mail, NOW + TICK), WELL, NOW + 2 * TICK)
    assert transition(over.incident, WELL, NOW + 3 * TICK).mail == RESOLVED


def test_the_first_failed_renewal_alerts() -> None:
    assert transition(FRESH, STOPPED, NOW, failures_in_a_row=1).mail == ALERT


def test_the_incident_begins_with_its_first_failure() -> None:
    incident = transition(Incident(NOW, 1, "s3-denied"), DENIED, NOW + TICK).incident
    assert (incident.since, incident.failures) == (NOW, 2)


def test_nothing_of_an_incident_remains_after_its_end() -> None:
    ill = Incident(NOW, 3, "host-gone", told_at=NOW, told_cause_id="host-gone")
    over = transition(ill.with_repair(Repair(RepairStep.INSTANCE, NOW)), WELL, NOW + TICK)
    assert over.incident.after(over.mail, NOW + TICK) == Incident(since=NOW + TICK)
