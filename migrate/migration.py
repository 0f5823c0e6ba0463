"""Copying until source and target are the same, or nothing more can be copied."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from migrate import regsync
from migrate.comparison import Comparison, Finding, Findings, Item, State
from migrate.progress import Progress, duration
from migrate.registry import Registry
from migrate.regsync import Copy, Event

# Before each further try at a registry that was busy in a whole round.
RESTS_SECONDS = (60, 120, 240, 480, 900, 900, 900)
# So often a tag is followed that the source moves all the time.
MOST_MOVES = 3


def to_copy(findings: Findings, *, overwrite: bool) -> list[Item]:
    """``overwrite`` moves tags that name another image in the target."""
    states = {State.MISSING, State.INCOMPLETE, *((State.OTHER,) if overwrite else ())}
    return [item for item, finding in findings.items() if finding.state in states]


@dataclass(slots=True)
class Migration:
    """``findings`` has every tag and attachment, ``reasons`` why regsync did not copy one, by the item's text."""

    comparison: Comparison
    findings: Findings
    tool: Path
    parallel: int
    overwrite: bool
    reasons: dict[str, str] = field(default_factory=dict)

    def run(self) -> Findings:
        """Copies, looks at all that was copied, copies what is attached to it or failed, and so on.

        It ends when a round has brought nothing, and no registry was busy. Returns what is known then.

        Raises:
            OutOfReachError: a registry does not answer any more.
            ToolError: regsync does not start.
        """
        source = self.comparison.source
        rests, moves = iter(RESTS_SECONDS), iter(range(MOST_MOVES))
        while items := to_copy(self.findings, overwrite=self.overwrite):
            # What failed before comes last: it must not keep the others from being tried.
            tried, is_stopped = self._copy(sorted(items, key=lambda item: str(item) in self.reasons))
            found = self._look(tried)
            moved = self._moved(found)
            self.findings = self.findings | found | moved
            if any(found[item].state is State.SAME for item in tried):
                rests = iter(RESTS_SECONDS)
            elif is_stopped and (rest := next(rests, 0)):
                source.say(f"a registry is busy: waiting {duration(rest)} before the next try")
                source.sleep(rest)
            elif not moved or next(moves, None) is None:
                break
        return self.findings

    def _moved(self, found: Findings) -> Findings:
        """The tags that the source has moved since this command copied them: to be copied again."""
        copied = (State.MISSING, State.INCOMPLETE)
        return {
            item: Finding(State.INCOMPLETE, finding.why)
            for item, finding in found.items()
            if finding.state is State.OTHER
            and self.findings.get(item, finding).state in copied
            and self.comparison.is_of_source(item)
        }

    def _copy(self, items: list[Item]) -> tuple[list[Item], bool]:
        """Returns what was tried, and whether it was stopped because a registry was busy.

        What the target did not have when last looked at is not overwritten: somebody may have pushed it since.
        """
        new = [item for item in items if self.findings[item].state is State.MISSING]
        others = [item for item in items if self.findings[item].state is not State.MISSING]
        tried: list[Item] = []
        for some, overwrite in ((new, False), (others, True)):
            begun: dict[Item, None] = {}
            try:
                if some:
                    self._copy_some(some, begun, overwrite=overwrite)
            except _BusyError:
                return [*tried, *begun], True
            tried += some
        return tried, False

    def _copy_some(self, items: list[Item], begun: dict[Item, None], *, overwrite: bool) -> None:
        source, target = self.comparison.source, self.comparison.target
        copies: dict[Copy, Item] = {}
        for item in items:
            again = self.findings[item].state is State.INCOMPLETE
            repository = self.comparison.rename(item.repository)
            copies[regsync.copy_of(source, target, item, repository, again=again)] = item
        by_source = {copy.source: item for copy, item in copies.items()}
        with Progress("Copying") as progress:
            listener = _Listener(by_source, begun, self.reasons, (source, target), progress)
            order = regsync.orders(source, target, copies, self.parallel)
            regsync.run(self.tool, order, listener.hear, overwrite=overwrite)

    def _look(self, items: list[Item]) -> Findings:
        with Progress("Verifying") as progress:
            return self.comparison.look(items, self.findings, progress.show)


class _BusyError(Exception):
    """A registry is busy, and a new start of regsync is quicker than its growing waits."""


@dataclass(slots=True)
class _Listener:
    items: Mapping[str, Item]
    begun: dict[Item, None]
    reasons: dict[str, str]
    registries: tuple[Registry, Registry]
    progress: Progress
    _said: set[str] = field(default_factory=set)

    def hear(self, event: Event) -> None:
        """Raises _BusyError. Raises OutOfReachError: regsync would go on for hours, one image after the other."""
        if item := self.items.get(event.began or event.failed):
            self.begun[item] = None
            self.progress.show(len(self.begun), len(self.items))
        if item and event.failed:
            self.reasons[str(item)] = event.why
        # Several requests wait for the same.
        if event.waits and event.waits not in self._said:
            self._said.add(event.waits)
            self.progress.say(event.waits)
        if event.is_busy or event.lags:
            raise _BusyError
        if event.is_unanswered:
            for registry in self.registries:
                registry.challenge()
