"""The mail: a cause's own words, then what was observed, quoted so that it links nowhere."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from lambdas.judge.causes import CAUSES, Cause
from lambdas.judge.checks import Check
from lambdas.judge.incident import Change, Incident, MailKind

# Amazon SNS takes ASCII without line breaks, of less than 100 characters.
LONGEST_SUBJECT = 99
_LONGEST_ACTUAL = 240


@dataclass(frozen=True, slots=True)
class Registry:
    """The registry that a mail is about, and where its reader finds more."""

    domain_name: str
    region: str
    runbook: str
    """A file's path, or its https address."""


@dataclass(frozen=True, slots=True)
class Message:
    subject: str
    body: str


def write_alert(
    change: Change,
    registry: Registry,
    checks: Sequence[Check],
    *,
    host: str,
    now: datetime,
    survived: datetime | None = None,
) -> Message:
    """``change`` asks for a mail. ``host`` is the instance that was looked at, or empty if none is known.

    ``survived`` is the time of a replacement that did not help against this cause.
    """
    incident, cause = change.incident, CAUSES[change.incident.cause_id]
    is_over = change.mail == MailKind.RESOLVED
    state = "DOWN" if incident.is_down else "AT RISK"
    again = "STILL " if change.mail == MailKind.REMINDER else ""
    heading = "RESOLVED" if is_over else f"{again}{state}"
    shell = f"aws ssm start-session --region {registry.region}"
    lines = [
        *(_over(incident, cause, now) if is_over else _under_way(incident, cause)),
        f"Runbook: {registry.runbook}#{cause.anchor}",
        *([f"Host: {host}; a shell: {shell} --target {host}"] if host else []),
        "",
        *failing_lines(checks),
        *(f"ok   {quoted(check.name)} {quoted(check.actual)}" for check in checks if check.ok),
        "",
        *(f"Repair {_time(each.at)}: {each.step}, {quoted(each.outcome)}" for each in incident.repairs),
        *(_survived(survived) if survived and survived < now and not is_over else ()),
    ]
    return Message(_subject(registry.domain_name, heading, cause), "\n".join(lines).rstrip() + "\n")


def _under_way(incident: Incident, cause: Cause) -> Iterator[str]:
    effect = "Clients cannot use the registry." if incident.is_down else "Clients should still be served."
    yield f"What: {cause.title} (since {_time(incident.since)}). {effect}"
    yield f"Why: {cause.why}"
    yield f"Do: {cause.remedy}"


def _survived(replaced: datetime) -> Iterator[str]:
    yield f"The host was replaced for this cause on {_time(replaced)}, and that did not help: it is not replaced again."


def _over(incident: Incident, cause: Cause, now: datetime) -> Iterator[str]:
    yield f"What: Well again since {_time(now)}, after {_length(now - incident.since)}."
    yield f"Why: It was this: {cause.title}."
    yield "Do: Nothing."


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _length(duration: timedelta) -> str:
    minutes = round(duration / timedelta(minutes=1))
    return f"{minutes} minutes" if minutes < 120 else f"{minutes / 60:.0f} hours"


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


def quoted(text: str) -> str:
    """One line of printable ASCII in which no mail program finds a link or an address."""
    line = re.sub(r"[^\x20-\x7e]+", " ", text[: 4 * _LONGEST_ACTUAL])
    line = re.sub(r"(?<=\w)\.(?=[A-Za-z])", "[.]", line.replace("://", "[:]//").replace("@", "(at)"))
    line = " ".join(line.split())
    return line if len(line) <= _LONGEST_ACTUAL else f"{line[:_LONGEST_ACTUAL]}..."
