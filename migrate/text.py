"""The plan and the result as a person reads them."""

from collections import Counter
from collections.abc import Iterator, Mapping

from migrate.comparison import Findings, State

MOST_NAMED = 20
# In the order in which a person should read them.
_PLAN = {
    State.MISSING: "to copy",
    State.INCOMPLETE: "incomplete there, to copy again",
    State.SAME: "there already, and verified",
    State.OTHER: "with another image there",
    State.IMPOSSIBLE: "impossible to copy",
    State.UNKNOWN: "not comparable",
    State.GONE: "gone from the source meanwhile",
}


def plan_lines(findings: Findings, *, overwrite: bool) -> Iterator[str]:
    counts = Counter(each.state for each in findings.values())
    for state, text in _PLAN.items():
        if counts[state]:
            yield f"  {counts[state]:9,}  {text}{_about(state, overwrite=overwrite)}"
    for state in (State.OTHER, State.IMPOSSIBLE, State.UNKNOWN):
        yield from _named({item: each for item, each in findings.items() if each.state is state})


def result_lines(findings: Findings, reasons: Mapping[str, str], manifests: int, layers: int) -> Iterator[str]:
    """``reasons`` are the copying tool's, by the item's text."""
    same = sum(each.state is State.SAME for each in findings.values())
    yield (
        f"Verified: {same:,} {'tag or attachment has' if same == 1 else 'tags and attachments have'} the same digest on"
        f" both sides. {manifests:,} manifests were read back, and {layers:,} layers and configurations found in their"
        " full size."
    )
    if gone := [item for item, each in findings.items() if each.state is State.GONE]:
        yield f"Gone from the source, so not copied: {', '.join(map(str, gone[:MOST_NAMED]))}"
    if failed := not_copied(findings):
        yield f"Could not be copied: {len(failed):,}"
        yield from _named(failed, reasons, len(failed))


def not_copied(findings: Findings) -> Findings:
    fine = (State.SAME, State.LIST, State.GONE)
    return {item: each for item, each in findings.items() if each.state not in fine}


def _named(findings: Findings, reasons: Mapping[str, str] | None = None, most: int = MOST_NAMED) -> Iterator[str]:
    for item, finding in list(findings.items())[:most]:
        copied = finding.state in (State.MISSING, State.INCOMPLETE)
        reason = (reasons or {}).get(str(item), "") if copied else ""
        yield f"    {item}: {reason or finding.why}"
    if len(findings) > most:
        yield f"    … and {len(findings) - most:,} more"


def _about(state: State, *, overwrite: bool) -> str:
    if state is not State.OTHER:
        return ""
    return ", to be replaced" if overwrite else ", left as they are: --overwrite replaces them"
