"""The text of the findings."""

from collections import Counter
from collections.abc import Iterable

from doctor.finding import Finding, Outcome


def line(finding: Finding) -> str:
    expected = f", expected {finding.expected}" if finding.expected not in ("", finding.seen) else ""
    cure = f". {finding.cure}" if finding.cure else ""
    return f"{finding.outcome:<5}{finding.subject}: {finding.seen}{expected}{cure}"


def summary(findings: Iterable[Finding]) -> str:
    counts = Counter(finding.outcome for finding in findings)
    failures, warnings, unknown = (counts[each] for each in (Outcome.FAILURE, Outcome.WARNING, Outcome.UNKNOWN))
    notes = [f"{warnings} to think about"] if warnings else []
    notes += [f"{unknown} not looked at"] if unknown else []
    also = f" ({', '.join(notes)})" if notes else ""
    if failures:
        return f"{failures} of {sum(counts.values())} lines must be mended first{also}."
    return f"Nothing stands in the way{also}."
