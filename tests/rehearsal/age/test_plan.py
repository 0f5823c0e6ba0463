"""How many images the repositories of a years-old registry have."""

from itertools import pairwise

import pytest

from rehearsal.age.plan import GIANT, MOST_SMALL, TAGS, Shape, objects_of, plan

SIZES = (10_000, 200_000, 1_000_000)


@pytest.mark.parametrize("shape", Shape)
@pytest.mark.parametrize("objects", SIZES)
def test_plan_has_about_the_objects_that_were_asked_for(shape: Shape, objects: int) -> None:
    assert sum(map(objects_of, plan(objects, shape).values())) == pytest.approx(objects, rel=0.35)


def test_giant_repository_is_alone_and_has_tens_of_thousands_of_tags() -> None:
    images = plan(200_000, Shape.GIANT)
    assert list(images) == [GIANT]
    assert images[GIANT] * TAGS >= 56_000


@pytest.mark.parametrize(("objects", "most"), [(0, 0), (10_000, 500), (200_000, MOST_SMALL), (1_000_000, MOST_SMALL)])
def test_there_are_at_most_ten_thousand_small_repositories(objects: int, most: int) -> None:
    assert len(plan(objects, Shape.MANY)) == pytest.approx(most, rel=0.1)


def test_giant_repository_is_first_in_order_of_a_mixed_registry() -> None:
    names = list(plan(200_000, Shape.MIXED))
    assert sorted(names)[0] == names[0] == GIANT
    assert len(names) > 1000


@pytest.mark.parametrize("shape", Shape)
def test_registry_only_grows_with_its_objects(shape: Shape) -> None:
    for younger, older in pairwise(plan(objects, shape) for objects in SIZES):
        assert {name: older.get(name, 0) >= images for name, images in younger.items()} == dict.fromkeys(younger, True)
