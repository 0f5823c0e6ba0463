"""The renewal as a whole: told once, raised each time, remembered for the health check."""

from datetime import datetime, timedelta

import pytest

from lambdas.aws.state_store import read_state
from lambdas.renew_certificate import RenewalFailedError, renew
from lambdas.see.run_command import Delivery, Reply
from tests.lambdas.account import ENVIRONMENT, NOW, Account, answered, renewed

WELL = answered(renewed())
LIMITED = answered(
    "reason=rate-limited\ndetail=too many certificates already issued\nretry_after=2026-12-08T00:00:00Z",
    succeeded=False,
    stderr="Some challenges have failed.",
)


def run(account: Account, now: datetime = NOW) -> dict[str, object]:
    return renew(now, ENVIRONMENT, account.aws, ring=account.ring, look=account.look, record=account.record)


def test_a_renewal_that_went_well_is_remembered_and_sends_no_mail() -> None:
    account = Account(replies={"renew-certificate": WELL})
    assert run(account)["renewed"] is True
    assert account.subjects == []
    assert read_state(account.aws.s3, ENVIRONMENT.renewal_state, NOW).state.asked_at == NOW


def test_a_failed_renewal_is_told_with_its_reason_and_then_raised() -> None:
    account = Account(replies={"renew-certificate": LIMITED})
    with pytest.raises(RenewalFailedError, match="rate limited"):
        run(account)
    ((subject, body),) = account.sns.mails
    assert subject == "[registry.example.com] AT RISK: Renewal failed: rate limited"
    assert "FAIL renewal too many certificates already issued, expected renewed or not yet due" in body
    assert "FAIL next attempt not before 2026-12-08T00:00:00+00:00" in body
    assert "FAIL log Some challenges have failed., expected no error" in body


def test_failures_are_told_once_a_day_raised_each_time_and_their_end_is_told_once() -> None:
    account = Account(replies={"renew-certificate": LIMITED})
    for hours in (0, 6, 12, 18, 24):
        with pytest.raises(RenewalFailedError):
            run(account, NOW + timedelta(hours=hours))
    account.replies["renew-certificate"] = WELL
    for hours in (30, 36):
        run(account, NOW + timedelta(hours=hours))
    headings = [subject.split("] ")[1].split(":")[0] for subject in account.subjects]
    assert headings == ["AT RISK", "STILL AT RISK", "RESOLVED"]


def test_a_host_out_of_reach_is_told() -> None:
    account = Account(replies={"renew-certificate": Reply(Delivery.NO_HOST)})
    with pytest.raises(RenewalFailedError):
        run(account)
    assert account.subjects == ["[registry.example.com] AT RISK: The SSM agent is offline"]


def test_a_mail_that_cannot_be_sent_is_owed() -> None:
    account = Account(replies={"renew-certificate": LIMITED})
    account.sns.works = False
    with pytest.raises(Exception, match="InternalError"):
        run(account)
    account.sns.works = True
    with pytest.raises(RenewalFailedError):
        run(account, NOW + timedelta(hours=6))
    assert len(account.subjects) == 1
