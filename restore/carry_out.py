"""Carries a plan out: content before the links to it, so no client finds a tag without its image."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from restore.bucket import MOST_DELETIONS, Bucket, in_parallel
from restore.plan import Change, Plan, stages

Progress = Callable[[int, int], None]


def carry_out(bucket: Bucket, plan: Plan, progress: Progress) -> None:
    """What was done stays done if this ends early, and the next plan begins there. ``progress`` gets the number of
    objects that are back, and of all. Raises RefusedError: S3 refused the removal of a marker."""
    back = 0
    for stage in stages(plan.changes):
        for part in _slices(stage):
            in_parallel(lambda step: step(), _steps(bucket, part))
            back += len(part)
            progress(back, len(plan.changes))


def _slices(changes: Sequence[Change]) -> Iterator[Sequence[Change]]:
    """Small enough to show progress, large enough to keep all threads at work."""
    size = 8 * MOST_DELETIONS
    yield from (changes[first : first + size] for first in range(0, len(changes), size))


def _steps(bucket: Bucket, changes: Sequence[Change]) -> Iterator[Callable[[], None]]:
    markers = [(each.key, marker) for each in changes for marker in each.markers]
    for first in range(0, len(markers), MOST_DELETIONS):
        yield partial(bucket.remove_markers, markers[first : first + MOST_DELETIONS])
    for change in changes:
        if not change.markers:
            yield partial(bucket.copy_over, change.key, change.wanted)
