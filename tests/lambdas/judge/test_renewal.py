"""Renewals: no lifetime lets a certificate expire or meets the authority's limits."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from lambdas.judge.diagnosis import Diagnosis
from lambdas.judge.renewal import early_renewal_is_due, judge_renewal, read_renewal
from lambdas.see.probe import Names, Outside, Served
from lambdas.see.run_command import Delivery, Reply
from tests.support.well_registry import ADDRESS, FINGERPRINT, WELL_OUTSIDE, answered, renewed

BEGIN = datetime(2027, 1, 15, 12, tzinfo=UTC)
TICK = timedelta(hours=6)
TWO_YEARS = timedelta(days=731)
# Let's Encrypt: certificates for the same names in a week.
CERTIFICATES_A_WEEK = 5


@dataclass
class World:
    """A host under the monthly schedule and the health check's early renewals."""

    lifetime: timedelta
    monthly: bool = True
    outages: tuple[tuple[datetime, datetime], ...] = ()
    failing: tuple[tuple[datetime, datetime], ...] = ()
    issued: list[datetime] = field(default_factory=list)
    attempts: list[datetime] = field(default_factory=list)
    expired_at: list[datetime] = field(default_factory=list)

    def run(self) -> None:
        self.issue(BEGIN)
        started: datetime | None = None
        for tick in range(TWO_YEARS // TICK):
            now = BEGIN + tick * TICK
            if within(now, self.outages):
                continue
            if now >= self.expires:
                # A host that comes back with an expired certificate requests one as a new host does.
                if not within(now - TICK, self.outages):
                    self.expired_at.append(now)
                self.issue(now)
            if self.monthly and (now.day, now.hour) == (1, 6):
                self.renew(now)
            served = Served("ok", "", self.issued[-1], self.expires)
            if early_renewal_is_due(served, started, now):
                started = now
                self.renew(now)

    @property
    def expires(self) -> datetime:
        return self.issued[-1] + self.lifetime

    def renew(self, now: datetime) -> None:
        if now - self.issued[-1] >= self.lifetime / 3:
            self.attempts.append(now)
            if not within(now, self.failing):
                self.issue(now)

    def issue(self, now: datetime) -> None:
        self.issued.append(now)

    def most_in(self, moments: list[datetime], window: timedelta) -> int:
        return max(sum(start <= each < start + window for each in moments) for start in moments)


def within(now: datetime, spans: tuple[tuple[datetime, datetime], ...]) -> bool:
    return any(start <= now < end for start, end in spans)


def span(start: datetime, length: timedelta) -> tuple[tuple[datetime, datetime], ...]:
    return ((start, start + length),)


FEBRUARY = datetime(2027, 2, 1, tzinfo=UTC)
each_lifetime = pytest.mark.parametrize(
    "lifetime", [timedelta(90), timedelta(64), timedelta(45), timedelta(hours=160)], ids=str
)


@each_lifetime
@pytest.mark.parametrize(
    "trouble",
    [
        {},
        {"failing": span(FEBRUARY, timedelta(hours=12))},
        {"outages": span(FEBRUARY - timedelta(days=2), timedelta(days=7))},
        {"monthly": False},
    ],
    ids=["undisturbed", "a failed run", "a week without a host", "no monthly run"],
)
def test_two_years_pass_without_an_expired_certificate(lifetime: timedelta, trouble: dict[str, object]) -> None:
    world = World(lifetime, **trouble)  # type: ignore[arg-type]
    world.run()
    assert world.expired_at == []
    assert world.most_in(world.issued, timedelta(days=7)) <= CERTIFICATES_A_WEEK


@each_lifetime
def test_a_failing_authority_is_never_asked_too_often(lifetime: timedelta) -> None:
    world = World(lifetime, failing=span(BEGIN, TWO_YEARS))
    world.run()
    assert world.most_in(world.attempts, timedelta(hours=1)) <= 2
    assert world.most_in(world.attempts, timedelta(days=1)) <= 5


def test_a_failed_run_leaves_at_least_three_more_before_the_end() -> None:
    for days in (90, 64, 45, 6.67):
        lifetime = timedelta(days)
        last_third = lifetime / 3
        pause = min(max(lifetime / 24, timedelta(hours=6)), timedelta(days=1))
        assert last_third / pause >= 4


@pytest.mark.parametrize("served", [None, Served("expired"), Served("no-handshake")])
def test_without_known_dates_nothing_is_renewed_early(served: Served | None) -> None:
    assert not early_renewal_is_due(served, None, BEGIN)


def failed(**printed: str) -> Reply:
    return answered("".join(f"{key}={value}\n" for key, value in printed.items()), succeeded=False, stderr="one\ntwo")


def judged(answer: Reply, outside: Outside = WELL_OUTSIDE) -> Diagnosis:
    return judge_renewal(read_renewal(answer), outside, ADDRESS)


def cause_id(diagnosis: Diagnosis) -> str:
    return diagnosis.cause.id if diagnosis.cause else ""


def test_a_renewal_whose_certificate_is_served_succeeded() -> None:
    assert judged(answered(renewed())).cause is None
    assert judged(answered(renewed(renewed="no"))).cause is None


def test_a_renewal_whose_certificate_is_not_served_has_failed() -> None:
    diagnosis = judged(answered(renewed(fingerprint="cd" * 32)))
    assert cause_id(diagnosis) == "certificate-not-served"
    assert diagnosis.checks[-1].actual == FINGERPRINT[:16]
    nothing = judged(answered(renewed()), replace(WELL_OUTSIDE, served=None))
    assert (cause_id(nothing), nothing.is_down) == ("certificate-not-served", True)


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        ("port-80", "renewal-port-80"),
        ("dns", "renewal-dns"),
        ("caa", "renewal-caa"),
        ("rate-limited", "renewal-rate-limited"),
        ("ca-down", "renewal-ca-down"),
        ("hook-failed", "renewal-hook-failed"),
        ("other", "renewal-failed"),
        ("anything else", "renewal-failed"),
    ],
)
def test_certbots_own_reason_becomes_the_cause(reason: str, cause: str) -> None:
    diagnosis = judged(failed(reason=reason, detail="as certbot said it"))
    assert cause_id(diagnosis) == cause
    assert [check.actual for check in diagnosis.checks[1:]] == ["as certbot said it", "one", "two"]


def test_an_address_that_is_not_the_registrys_is_in_the_mail() -> None:
    elsewhere = replace(WELL_OUTSIDE, names=Names(("2001:db8::1", ADDRESS)))
    diagnosis = judged(failed(reason="dns", detail="no route"), elsewhere)
    (dns,) = (check for check in diagnosis.checks if check.name == "DNS")
    assert (dns.ok, dns.actual, dns.expected) == (False, f"2001:db8::1, {ADDRESS}", ADDRESS)


def test_the_end_of_a_rate_limit_is_in_the_mail() -> None:
    limited = failed(reason="rate-limited", detail="too many", retry_after="2027-03-04T05:06:07Z")
    assert "not before 2027-03-04T05:06:07+00:00" in [check.actual for check in judged(limited).checks]


@pytest.mark.parametrize("delivery", [each for each in Delivery if each != Delivery.ANSWERED])
def test_a_host_that_cannot_be_asked_has_not_renewed(delivery: Delivery) -> None:
    assert cause_id(judged(Reply(delivery))) == "ssm-offline"


@pytest.mark.parametrize("stdout", ["", "\x00" * 3000, "renewed=maybe", "renewed=yes\nrenewed=no"])
def test_garbage_is_not_taken_for_success(stdout: str) -> None:
    assert cause_id(judged(answered(stdout))) == "renewal-failed"


def test_of_two_hosts_the_one_that_failed_counts() -> None:
    well = answered(renewed()).outputs[0]
    ill = failed(reason="dns", detail="no such name").outputs[0]
    assert cause_id(judged(Reply(Delivery.ANSWERED, (well, ill)))) == "renewal-dns"
