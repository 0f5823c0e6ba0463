"""How many images each repository of a years-old registry has, so that the bucket holds a given number of objects.

Proportions: an image has one layer of its own above shared ones, its configuration, and six tags (version, build,
commit, branch and date). One in eight is signed: in turn by cosign's tag, and as a referrer with its fallback tag. One
in fifty left an upload behind.
"""

from collections.abc import Mapping
from enum import StrEnum

# Its name sorts before that of every other repository.
GIANT = "app/monolith"
MOST_SMALL, SMALLEST_OBJECTS = 10_000, 20
TAGS = 6
SIGNED_EVERY, ABANDONED_EVERY = 8, 50
# An image: the blobs and links of its layer and configuration, the blob and link of its manifest, two links a tag.
IMAGE_OBJECTS = 6 + 2 * TAGS
# A signature: the same with one tag. A referrer has as many: an empty configuration, and an index that has the tag.
SIGNATURE_OBJECTS, UPLOAD_OBJECTS = 8, 2


class Shape(StrEnum):
    """One giant repository that is first in order, many small ones, or half the objects in each."""

    GIANT = "giant"
    MANY = "many"
    MIXED = "mixed"


def objects_of(images: int) -> int:
    """The objects of a repository with so many images, but for the shared layers."""
    signed, abandoned = images // SIGNED_EVERY, images // ABANDONED_EVERY
    return images * IMAGE_OBJECTS + signed * SIGNATURE_OBJECTS + abandoned * UPLOAD_OBJECTS


def plan(objects: int, shape: Shape) -> Mapping[str, int]:
    """Images by repository, for about so many objects; each number grows with the number of objects."""
    of_giant = {Shape.GIANT: objects, Shape.MANY: 0, Shape.MIXED: objects // 2}[shape]
    images = {GIANT: _images_for(of_giant)} if of_giant else {}
    if rest := objects - of_giant:
        count = max(1, min(MOST_SMALL, rest // SMALLEST_OBJECTS))
        images |= {small(number): max(1, _images_for(rest // count)) for number in range(count)}
    return images


def small(number: int) -> str:
    """The name of a small repository."""
    return f"team-{number // 100:02}/service-{number:04}"


def _images_for(objects: int) -> int:
    return round(objects / (objects_of(400) / 400))
