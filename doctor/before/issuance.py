"""Let's Encrypt's limits for certificates of one name and of one domain, as public logs count them.

https://letsencrypt.org/docs/rate-limits/: 5 certificates of exactly the same names in 7 days, 50 of one registered
domain in 7 days. crt.sh shows what certificate transparency logs hold, an hour or a day late.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import requests

from doctor.account import Account
from doctor.finding import CouldNotLookError, Finding, Outcome

SUBJECT = "certificates of the last week"
LOGS = "https://crt.sh/"
LONGEST_SECONDS = 20
WEEK = timedelta(days=7)
MOST_OF_ONE_NAME = 5
MOST_OF_ONE_DOMAIN = 50
_ISSUER = "Let's Encrypt"


@dataclass(frozen=True, slots=True)
class Issued:
    """``of_name`` are the moments at which certificates of exactly this name were issued, oldest first."""

    of_name: tuple[datetime, ...]
    of_domain: int


def look(web: requests.Session, name: str, domain: str, now: datetime) -> Issued:
    try:
        answer = web.get(
            LOGS, params={"q": f"%.{domain}", "output": "json", "exclude": "expired"}, timeout=LONGEST_SECONDS
        )
        answer.raise_for_status()
        rows = answer.json()
    except (requests.RequestException, ValueError) as error:
        raise CouldNotLookError(f"skipped: crt.sh does not answer ({type(error).__name__})") from error
    return read(rows, name, now)


def read(rows: list[Mapping[str, Any]], name: str, now: datetime) -> Issued:
    """A certificate is in the logs twice: as announced, and as issued; its serial number is the same."""
    recent = {
        row["serial_number"]: (frozenset(row["name_value"].split("\n")), _moment(row["not_before"]))
        for row in rows
        if _ISSUER in row["issuer_name"] and now - _moment(row["not_before"]) < WEEK
    }
    of_name = sorted(moment for names, moment in recent.values() if names == {name})
    return Issued(tuple(of_name), len(recent))


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def judge(issued: Issued, domain: str) -> Finding:
    count = len(issued.of_name)
    seen = f"{count} of this name, {issued.of_domain} below {domain}"
    expected = f"fewer than {MOST_OF_ONE_NAME} and {MOST_OF_ONE_DOMAIN}"
    if count >= MOST_OF_ONE_NAME:
        free = issued.of_name[-MOST_OF_ONE_NAME] + WEEK
        cure = f"Let's Encrypt issues the next on {free:%Y-%m-%d %H:%M} UTC. Wait, or keep the state bucket."
        return Finding(SUBJECT, Outcome.FAILURE, seen, expected, cure)
    if issued.of_domain >= MOST_OF_ONE_DOMAIN:
        cure = "Let's Encrypt issues no new name of this domain this week. Wait, or use another domain."
        return Finding(SUBJECT, Outcome.FAILURE, seen, expected, cure)
    if count == MOST_OF_ONE_NAME - 1:
        cure = "One more is issued this week. Use acme_directory=staging for trials."
        return Finding(SUBJECT, Outcome.WARNING, seen, expected, cure)
    return Finding(SUBJECT, Outcome.OK, seen, expected)


def check(account: Account) -> list[Finding]:
    settings = account.settings
    if settings.acme_directory != "production":
        seen = f"skipped: the certificate authority is {settings.acme_directory}"
        return [Finding(SUBJECT, Outcome.OK, seen, "certificates from Let's Encrypt's production")]
    # A name's last two parts are not always a registered domain (co.uk): then crt.sh refuses, and the line says so.
    zone = settings.hosted_zone if "." in settings.hosted_zone else ".".join(settings.domain_name.split(".")[-2:])
    return [judge(look(account.web, settings.domain_name, zone, datetime.now(UTC)), zone)]
