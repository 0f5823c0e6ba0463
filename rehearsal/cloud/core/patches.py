"""Replace attributes of moto while a cloud runs, and put them back afterwards."""

from collections.abc import Callable
from importlib.metadata import version
from typing import Any

# Every patch was written against the source of this version.
MOTO = "5.2.5"


class Patches:
    def __init__(self) -> None:
        if version("moto") != MOTO:
            raise RuntimeError(f"moto is {version('moto')}, but its patches were written for {MOTO}")
        self._undo: list[Callable[[], None]] = []

    def replace(self, owner: Any, name: str, replacement: Any) -> Any:
        """Set owner.name and return what was there; AttributeError if nothing was."""
        original = (
            vars(owner)[name] if isinstance(owner, type) and name in vars(owner) else getattr(owner, name)
        )
        setattr(owner, name, replacement)
        self._undo.append(lambda: setattr(owner, name, original))
        return original

    def add(self, owner: Any, name: str, addition: Any) -> None:
        """Set owner.name, which must not exist yet."""
        if hasattr(owner, name):
            raise RuntimeError(f"moto has {owner.__name__}.{name} by now: drop the rehearsal's own")
        setattr(owner, name, addition)
        self._undo.append(lambda: delattr(owner, name))

    def undo(self) -> None:
        while self._undo:
            self._undo.pop()()
