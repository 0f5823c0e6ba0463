"""When a certificate is renewed before its monthly turn, and what the host's answer means. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from lambdas.judge.causes import CAUSES
from lambdas.judge.checks import Check, dns_check
from lambdas.judge.diagnosis import Diagnosis
from lambdas.see.facts import moment, read_lines
from lambdas.see.probe import Outside, Served
from lambdas.see.run_command import Delivery, Reply

# The authority's own advice for lifetimes of ten days and more; the monthly run renews much earlier.
EARLY_LIFE_LEFT = 1 / 3
_SHORTEST_PAUSE = timedelta(hours=6)
_LONGEST_PAUSE = timedelta(days=1)
# Each has a cause of its own. Any other reason is "renewal-failed".
_REASONS = ("port-80", "dns", "caa", "rate-limited", "ca-down", "hook-failed")


def early_renewal_is_due(served: Served | None, last_started: datetime | None, now: datetime) -> bool:
    """Less than a third of the lifetime is left, and the last attempt is long enough ago.

    A certificate of six days is renewed every 6.7 hours at most, one of 90 days once a day. That is far from Let's
    Encrypt's limits: 5 certificates a week, 5 failed validations an hour.
    """
    if served is None or served.lifetime is None:
        return False
    left = served.life_left(now)
    if left is None or left >= EARLY_LIFE_LEFT:
        return False
    pause = min(max(served.lifetime / 24, _SHORTEST_PAUSE), _LONGEST_PAUSE)
    return last_started is None or now - last_started >= pause


@dataclass(frozen=True, slots=True)
class Renewal:
    """The answer of the verb ``renew-certificate``."""

    delivery: Delivery
    host: str = ""
    succeeded: bool = False
    renewed: bool = False
    fingerprint: str = ""
    reason: str = ""
    detail: str = ""
    retry_after: datetime | None = None
    last_lines: tuple[str, ...] = ()


_LAST_LINES = 6


def read_renewal(reply: Reply) -> Renewal:
    """Hosts renew one after the other and share the result. If one failed, its answer counts."""
    if reply.delivery != Delivery.ANSWERED:
        return Renewal(reply.delivery)
    output = next((each for each in reply.outputs if not each.succeeded), reply.outputs[0])
    lines = read_lines(output.stdout)
    return Renewal(
        reply.delivery,
        output.instance_id,
        output.succeeded and lines.get("renewed") in ("yes", "no"),
        lines.get("renewed") == "yes",
        lines.get("fingerprint", ""),
        lines.get("reason", ""),
        lines.get("detail", ""),
        moment(lines.get("retry_after", "")),
        tuple(output.stderr.strip().splitlines()[-_LAST_LINES:]),
    )


def judge_renewal(renewal: Renewal, outside: Outside, address: str) -> Diagnosis:
    """Compare the host's certificate with the served one: certbot succeeds even if its deploy hook fails.

    ``address`` is the registry's own.
    """
    served = outside.served
    is_down = served is None or served.trust != "ok"
    answered = renewal.delivery == Delivery.ANSWERED
    checks = [Check("Run Command", answered, renewal.delivery, Delivery.ANSWERED)]
    if not answered:
        return Diagnosis(CAUSES["ssm-offline"], tuple(checks), is_down)
    if not renewal.succeeded:
        actual = renewal.detail or renewal.reason or "failed"
        checks.append(Check("renewal", False, actual, "renewed or not yet due"))
        if renewal.retry_after:
            actual = f"not before {renewal.retry_after.isoformat()}"
            checks.append(Check("next attempt", False, actual, "at any time"))
        if not (dns := dns_check(outside.names, address)).ok:
            checks.append(dns)
        checks += [Check("log", False, line, "no error") for line in renewal.last_lines]
        reason = renewal.reason if renewal.reason in _REASONS else "failed"
        return Diagnosis(CAUSES[f"renewal-{reason}"], tuple(checks), is_down)
    same = served is not None and bool(renewal.fingerprint) and served.fingerprint == renewal.fingerprint
    actual = served.fingerprint[:16] or served.problem if served else f"port 443 {outside.port_443}"
    checks.append(Check("certificate served", same, actual, f"{renewal.fingerprint[:16]} as on disk"))
    return Diagnosis(None if same else CAUSES["certificate-not-served"], tuple(checks), is_down)
