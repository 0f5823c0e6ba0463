"""Copying until source and target are the same, or nothing more can be copied."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from migrate import regsync
from migrate.comparison import Comparison, Findings, Item, State
from migrate.progress import Progress
from migrate.regsync import Copy, Event


@dataclass(slots=True)
class Migration:
    """``findings`` is what is known of every tag and attachment, ``reasons`` why regsync did not copy one, by its text.
    ``began`` is the number of copies that were begun."""

    comparison: Comparison
    findings: Findings
    tool: Path
    parallel: int
    overwrite: bool
    reasons: dict[str, str] = field(default_factory=dict)
    began: int = 0

    def open(self) -> list[Item]:
        """What is to be copied."""
        states = {State.MISSING, State.INCOMPLETE, *((State.OTHER,) if self.overwrite else ())}
        return [item for item, finding in self.findings.items() if finding.state in states]

    def run(self) -> None:
        """Copies, looks at all that was copied, copies what is attached to it or failed, and so on.

        It ends when a round has brought nothing. Raises ToolError.
        """
        while items := self.open():
            self._copy(items)
            found = self._look(items)
            self.findings |= found
            if not any(found[item].state is State.SAME for item in items):
                return

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
            self.began += listener.began

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
