"""Each patch of moto has a reason, takes effect while a cloud runs, and is taken back afterwards."""

from collections.abc import Iterator

import pytest

from rehearsal.cloud.core.patches import Patches
from tests.support.cloud_account import running_account


class Moto:
    def answer(self) -> str:
        return "moto's"


@pytest.fixture
def patches() -> Iterator[Patches]:
    patches = Patches()
    yield patches
    patches.undo()


def test_every_patch_of_a_cloud_has_its_reason_and_is_applied_once() -> None:
    with running_account() as account:
        applied = account.cloud.patches.applied
    assert applied
    assert [str(each) for each in applied if len(each.because.split()) < 4] == []
    targets = [(each.owner, each.name) for each in applied]
    assert len(set(targets)) == len(targets)


def test_a_replacement_ends_with_its_cloud(patches: Patches) -> None:
    @patches.replace(Moto, because="AWS answers otherwise")
    def answer(_self: Moto) -> str:
        return "ours"

    assert Moto().answer() == "ours"
    patches.undo()
    assert Moto().answer() == "moto's"


def test_a_wrapper_gets_the_original(patches: Patches) -> None:
    @patches.wrap(Moto, because="AWS says more")
    def answer(original: object, self: Moto) -> str:
        assert callable(original)
        return f"{original(self)} and ours"

    assert Moto().answer() == "moto's and ours"


def test_an_addition_that_moto_has_by_now_is_refused(patches: Patches) -> None:
    def answer(_self: Moto) -> str:
        return "ours"

    with pytest.raises(RuntimeError, match=r"moto has Moto\.answer by now"):
        patches.add(Moto, because="moto has no answer")(answer)
