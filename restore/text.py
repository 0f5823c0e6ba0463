"""The plan as a person reads it before anything is written."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from restore.layout import Kind, part_of
from restore.plan import Change, Plan, Version

MOST_NAMED = 20
CLIENTS_SEE_IT = "Clients see the tags within half a minute: that long the front door keeps what it has read from S3."

_NAMES = {
    Kind.BLOB: ("layer, configuration or manifest", "layers, configurations and manifests"),
    Kind.LAYER: ("link to a layer", "links to layers"),
    Kind.REVISION: ("link to a manifest", "links to manifests"),
    Kind.INDEX: ("earlier name of a manifest", "earlier names of manifests"),
    Kind.TAG: ("tag", "tags"),
}


def plan_lines(plan: Plan, digest_of: Callable[[str, Version], str]) -> Iterator[str]:
    """``digest_of`` reads the manifest's digest in a version of a tag."""
    for kind in reversed(Kind):
        if changes := plan.of(kind):
            yield f"  {len(changes):9,}  {_NAMES[kind][len(changes) > 1]}, {size(sum_of(changes))}"
    if others := [each for each in plan.changes if part_of(each.key) is None]:
        yield f"  {len(others):9,}  {', '.join(each.key for each in others[:MOST_NAMED])}"
    tags = plan.of(Kind.TAG)
    # A tag that would be moved is what a person must see.
    for change in sorted(tags, key=lambda each: each.over is None)[:MOST_NAMED]:
        yield f"    {_tag_line(change, digest_of)}"
    if len(tags) > MOST_NAMED:
        moved = sum(each.over is not None for each in tags)
        yield f"    … and {len(tags) - MOST_NAMED:,} more; {moved:,} of all these tags exist and would be moved"
    if plan.lost:
        yield f"  {len(plan.lost):9,}  gone for good, so images that need one stay incomplete: {_listed(plan.lost)}"
    markers = sum(len(each.markers) for each in plan.changes)
    copies = [each for each in plan.changes if not each.markers]
    yield (
        f"By removing {_counted(markers, 'delete marker')} and copying {_counted(len(copies), 'old version')}"
        f" ({size(sum_of(copies))}). Nothing is deleted: what was pushed since stays."
    )


def request_line(requests: Mapping[str, int]) -> str:
    listed = ", ".join(f"{count:,} {name}" for name, count in sorted(requests.items()))
    return f"{sum(requests.values()):,} requests to S3: {listed}"


def size(number: int) -> str:
    if number < 1000:
        return f"{number} bytes"
    value = float(number)
    for unit in ("kB", "MB", "GB"):
        value /= 1000
        if value < 1000:
            return f"{value:.1f} {unit}"
    return f"{value / 1000:.1f} TB"


def sum_of(changes: Sequence[Change]) -> int:
    return sum(each.wanted.size for each in changes)


def _tag_line(change: Change, digest_of: Callable[[str, Version], str]) -> str:
    part = part_of(change.key)
    name = f"{part.repository}:{part.tag}" if part else change.key
    before = _short(digest_of(change.key, change.over)) if change.over else "gone"
    return f"{name}  {before} → {_short(digest_of(change.key, change.wanted))}"


def _short(digest: str) -> str:
    return digest[:19]


def _listed(keys: Sequence[str]) -> str:
    more = f" and {len(keys) - 3:,} more" if len(keys) > 3 else ""
    return f"{', '.join(keys[:3])}{more}"


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
