"""Copying until source and target are the same, or nothing more can be copied."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from migrate import regsync
from migrate.comparison import Comparison, Findings, Item, State
from migrate.progress import Progress
from migrate.regsync import Copy, Event


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

        It ends when a round has brought nothing. Returns what is known then. Raises ToolError.
        """
        while items := to_copy(self.findings, overwrite=self.overwrite):
            self._copy(items)
            found = self._look(items)
            self.findings = self.findings | found
            if not any(found[item].state is State.SAME for item in items):
                break
        return self.findings

    def _copy(self, items: list[Item]) -> None:
        source, target = self.comparison.source, self.comparison.target
        copies: dict[Copy, Item] = {}
        for item in items:
            again = self.findings[item].state is State.INCOMPLETE
            repository = self.comparison.rename(item.repository)
            copies[regsync.copy_of(source, target, item, repository, again=again)] = item
        progress = Progress("Copying")
        listener = _Listener({copy.source: item for copy, item in copies.items()}, self.reasons, progress)
        try:
            regsync.run(self.tool, regsync.orders(source, target, copies, self.parallel), listener.hear)
        finally:
            progress.end()

    def _look(self, items: list[Item]) -> Findings:
        progress = Progress("Verifying")
        found = self.comparison.look(items, self.findings, progress.show)
        progress.end()
        return found


@dataclass(slots=True)
class _Listener:
    items: Mapping[str, Item]
    reasons: dict[str, str]
    progress: Progress
    began: int = 0
    _said: set[str] = field(default_factory=set)

    def hear(self, event: Event) -> None:
        if event.began:
            self.began += 1
            self.progress.show(self.began, len(self.items))
        if event.failed and (item := self.items.get(event.failed)):
            self.reasons[str(item)] = event.why
        # Several requests wait for the same.
        if event.waits and event.waits not in self._said:
            self._said.add(event.waits)
            self.progress.say(event.waits)
