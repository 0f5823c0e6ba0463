"""The words of a mail. The table of causes speaks in it; what was observed is quoted, and links nowhere."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from lambdas.judge.causes import CAUSES, Cause
from lambdas.judge.check import Check
from lambdas.judge.incident import Change, Mail, Repair, State

# Amazon SNS takes ASCII without line breaks, of less than 100 characters.
LONGEST_SUBJECT = 99
_LONGEST_ACTUAL = 240


@dataclass(frozen=True, slots=True)
class Place:
    """Of which registry a mail speaks, and where its reader finds more."""

    domain_name: str
    region: str
    runbook: str
    """A file's path, or its address."""


@dataclass(frozen=True, slots=True)
class Message:
    subject: str
    body: str


def write_alert(
    change: Change, place: Place, checks: Sequence[Check], *, host: str, now: datetime
) -> Message:
    """For a change that asks for a mail; its claimed state names the incident, also one that is over.

    ``host`` is the instance that was looked at, or nothing if none is known.
    """
    incident, kind = change.claimed, change.mail
    cause = CAUSES[incident.cause_id]
    state = "DOWN" if incident.is_down else "AT RISK"
    heading = "RESOLVED" if kind == Mail.RESOLVED else f"STILL {state}" if kind == Mail.REMINDER else state
    lines = [
        *(_over(incident, cause, now) if kind == Mail.RESOLVED else _under_way(incident, cause)),
        f"Runbook: {place.runbook}#{cause.anchor}",
        *_host_lines(host, place),
        "",
        *failing_lines(checks),
        *_ok_lines(checks),
        *_repair_lines(incident.repairs),
    ]
    return Message(_subject(place.domain_name, heading, cause), "\n".join(lines).rstrip() + "\n")


def _under_way(incident: State, cause: Cause) -> Iterator[str]:
    effect = "Clients cannot use the registry." if incident.is_down else "Clients should still be served."
    yield f"What: {cause.title} (since {incident.since:%Y-%m-%d %H:%M} UTC). {effect}"
    yield f"Why: {cause.why}"
    yield f"Do: {cause.remedy}"


def _over(incident: State, cause: Cause, now: datetime) -> Iterator[str]:
    yield f"What: Well again since {now:%Y-%m-%d %H:%M} UTC, after {_length(now - incident.since)}."
    yield f"Why: It was this: {cause.title}."
    yield "Do: Nothing."


def _length(duration: timedelta) -> str:
    minutes = round(duration / timedelta(minutes=1))
    return f"{minutes} minutes" if minutes < 120 else f"{minutes / 60:.0f} hours"


def _host_lines(host: str, place: Place) -> Iterator[str]:
    if host:
        yield f"Host: {host}; a shell: aws ssm start-session --region {place.region} --target {host}"


def _subject(domain_name: str, heading: str, cause: Cause) -> str:
    end = f"] {heading}: {cause.title}"
    room = LONGEST_SUBJECT - len(end) - 1
    name = domain_name if len(domain_name) <= room else f"{domain_name[: room - 3]}..."
    return f"[{name}{end}"


def failing_lines(checks: Sequence[Check]) -> list[str]:
    return [
        f"FAIL {quoted(check.name)} {quoted(check.actual)}, expected {quoted(check.expected)}"
        for check in checks
        if not check.ok
    ]


def _ok_lines(checks: Sequence[Check]) -> list[str]:
    return [f"ok   {quoted(check.name)} {quoted(check.actual)}" for check in checks if check.ok]


def _repair_lines(repairs: Sequence[Repair]) -> Iterator[str]:
    if repairs:
        yield ""
    for repair in repairs:
        yield f"Repair {repair.at:%Y-%m-%d %H:%M} UTC: {repair.step}, {quoted(repair.outcome)}"


def quoted(text: str) -> str:
    """As one line of printable ASCII in which no mail program finds a link or an address."""
    line = re.sub(r"[^\x20-\x7e]+", " ", text[: 4 * _LONGEST_ACTUAL])
    line = re.sub(r"(?<=\w)\.(?=[A-Za-z])", "[.]", line.replace("://", "[:]//").replace("@", "(at)"))
    line = " ".join(line.split())
    return line if len(line) <= _LONGEST_ACTUAL else f"{line[:_LONGEST_ACTUAL]}..."
