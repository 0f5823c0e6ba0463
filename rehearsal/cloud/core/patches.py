"""What moto does differently from AWS, changed while a cloud runs: each change with its reason.

`python -m rehearsal.cloud` prints all of them. To try a newer moto: set MOTO, run tests/rehearsal/cloud and
tests/stacks, and look at moto's source of what is on the list.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from importlib.metadata import version
from typing import Any, TypeVar

# Every patch was written against the source of this version.
MOTO = "5.2.5"

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Patch:
    """``name`` is the attribute of moto's class ``owner`` that is changed; ``because`` says what AWS does."""

    owner: type
    name: str
    because: str

    def __str__(self) -> str:
        return f"{self.owner.__module__}.{self.owner.__qualname__}.{self.name}\n    {self.because}"


class Patches:
    """Decorators: the name of the decorated function is the name of the patched attribute."""

    def __init__(self) -> None:
        if version("moto") != MOTO:
            raise RuntimeError(f"moto is {version('moto')}, but its patches were written for {MOTO}")
        self.applied: list[Patch] = []
        self._undo: list[Callable[[], None]] = []

    def replace(self, owner: type, *, because: str) -> Callable[[Function], Function]:
        """The function takes the place of moto's; AttributeError if moto has none."""

        def decorate(replacement: Function) -> Function:
            self._set(owner, replacement.__name__, replacement, because)
            return replacement

        return decorate

    def wrap(self, owner: type, *, because: str) -> Callable[[Function], Function]:
        """The function gets moto's as its first argument; AttributeError if moto has none."""

        def decorate(wrapper: Function) -> Function:
            original = getattr(owner, wrapper.__name__)

            @wraps(wrapper)
            def wrapped(*args: Any, **kwargs: Any) -> Any:
                return wrapper(original, *args, **kwargs)

            self._set(owner, wrapper.__name__, wrapped, because)
            return wrapper

        return decorate

    def add(self, owner: type, *, because: str) -> Callable[[Function], Function]:
        """The function is what moto lacks. Raises RuntimeError: moto has it by now."""

        def decorate(addition: Function) -> Function:
            name = addition.__name__
            if hasattr(owner, name):
                raise RuntimeError(f"moto has {owner.__name__}.{name} by now: drop the rehearsal's own")
            setattr(owner, name, addition)
            self._undo.append(lambda: delattr(owner, name))
            self.applied.append(Patch(owner, name, because))
            return addition

        return decorate

    def undo(self) -> None:
        while self._undo:
            self._undo.pop()()

    def _set(self, owner: type, name: str, replacement: Any, because: str) -> None:
        # As it is in the class itself: a static method, say.
        original = vars(owner).get(name) or getattr(owner, name)
        setattr(owner, name, replacement)
        self._undo.append(lambda: setattr(owner, name, original))
        self.applied.append(Patch(owner, name, because))
