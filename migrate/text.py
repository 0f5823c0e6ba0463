"""The plan and the result as a person reads them."""

from collections import Counter
from collections.abc import Iterator, Mapping

from migrate.comparison import Findings, State

MOST_NAMED = 20
# In the order in which a person should read them.
_PLAN = {
    State.MISSING: "to copy",
    State.INCOMPLETE: "incomplete there, to copy again",
    State.SAME: "there already, verified",
    State.OTHER: "that name another image there",
    State.IMPOSSIBLE: "that cannot be copied",
    State.GONE: "gone from the source meanwhile",
    State.UNKNOWN: "that could not be compared",
}


def plan_lines(findings: Findings, *, overwrite: bool) -> Iterator[str]:
    counts = Counter(each.state for each in findings.values())
    for state, text in _PLAN.items():
        if counts[state]:
            yield f"  {counts[state]:9,}  {_noun(counts[state])} {text}{_about(state, overwrite=overwrite)}"
    for state in (State.OTHER, State.IMPOSSIBLE, State.UNKNOWN):
        yield from _named({item: each for item, each in findings.items() if each.state is state})


def result_lines(findings: Findings, reasons: Mapping[str, str], manifests: int, layers: int) -> Iterator[str]:
    """``reasons`` are the copying tool's, by the item's text."""
    same = sum(each.state is State.SAME for each in findings.values())
    yield (
        f"Verified: {same:,} {_noun(same)} with the same digest on both sides;"
        f" {manifests:,} manifests and {layers:,} layers and configurations below are all there."
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
        yield f"    {item}: {(reasons or {}).get(str(item)) or finding.why or finding.state.value}"
    if len(findings) > most:
        yield f"    … and {len(findings) - most:,} more"


def _about(state: State, *, overwrite: bool) -> str:
    if state is not State.OTHER:
        return ""
    return ", to be replaced" if overwrite else ", left as they are: --overwrite replaces them"


def _noun(number: int) -> str:
    return "tag or attachment" if number == 1 else "tags and attachments"
