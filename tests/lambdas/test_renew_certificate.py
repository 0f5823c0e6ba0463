"""The renewal as a whole: told once, raised each time, remembered for the health check."""

from datetime import datetime, timedelta

import pytest

from lambdas.aws.state_store import recall
from lambdas.judge.memory import RenewalMemory
from lambdas.renew_certificate import RenewalFailedError, renew
from lambdas.see.run_command import Delivery, Reply
from tests.support.fake_aws import ENVIRONMENT, FakeAws
from tests.support.well_registry import NOW, answered, renewed

WELL = answered(renewed())
LIMITED = answered(
    "reason=rate-limited\ndetail=too many certificates already issued\nretry_after=2026-12-08T00:00:00Z",
    succeeded=False,
    stderr="Some challenges have failed.",
)


def run(aws: FakeAws, now: datetime = NOW) -> dict[str, object]:
    return renew(now, ENVIRONMENT, aws.clients, ring=aws.ring, look=aws.look, record=aws.record)


def test_a_renewal_that_succeeds_is_remembered_without_a_mail() -> None:
    aws = FakeAws(replies={"renew-certificate": WELL})
    assert run(aws)["renewed"] is True
    assert aws.subjects == []
    assert recall(aws.clients.s3, ENVIRONMENT.renewal_object, RenewalMemory, NOW).memory.asked_at == NOW


def test_a_failed_renewal_raises_after_the_mail_with_its_reason() -> None:
    aws = FakeAws(replies={"renew-certificate": LIMITED})
    with pytest.raises(RenewalFailedError, match="rate limited"):
        run(aws)
    ((subject, body),) = aws.sns.mails
    assert subject == "[registry.example.com] AT RISK: Renewal failed: rate limited"
    assert "FAIL renewal too many certificates already issued, expected renewed or not yet due" in body
    assert "FAIL next attempt not before 2026-12-08T00:00:00+00:00" in body
    assert "FAIL log Some challenges have failed., expected no error" in body


def test_failures_send_one_mail_a_day_and_raise_each_time() -> None:
    aws = FakeAws(replies={"renew-certificate": LIMITED})
    for hours in (0, 6, 12, 18, 24):
        with pytest.raises(RenewalFailedError):
            run(aws, NOW + timedelta(hours=hours))
    aws.replies["renew-certificate"] = WELL
    for hours in (30, 36):
        run(aws, NOW + timedelta(hours=hours))
    headings = [subject.split("] ")[1].split(":")[0] for subject in aws.subjects]
    assert headings == ["AT RISK", "STILL AT RISK", "RESOLVED"]


def test_a_host_out_of_reach_sends_a_mail() -> None:
    aws = FakeAws(replies={"renew-certificate": Reply(Delivery.NO_HOST)})
    with pytest.raises(RenewalFailedError):
        run(aws)
    assert aws.subjects == ["[registry.example.com] AT RISK: The SSM agent is offline"]


def test_a_mail_that_cannot_be_sent_is_sent_by_the_next_run() -> None:
    aws = FakeAws(replies={"renew-certificate": LIMITED})
    aws.sns.works = False
    with pytest.raises(Exception, match="InternalError"):
        run(aws)
    aws.sns.works = True
    with pytest.raises(RenewalFailedError):
        run(aws, NOW + timedelta(hours=6))
    assert len(aws.subjects) == 1
