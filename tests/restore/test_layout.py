"""Keys of the engine's layout."""

import pytest

from restore.layout import Kind, Part, blob_key, layer_key, part_of, revision_key, tag_key

DIGEST = f"sha256:{'ab' * 32}"
LINK = f"{DIGEST.replace(':', '/')}/link"
BELOW = "docker/registry/v2/repositories"


@pytest.mark.parametrize(
    ("key", "part"),
    [
        (blob_key(DIGEST), Part(Kind.BLOB, digest=DIGEST)),
        (layer_key("a/b/c", DIGEST), Part(Kind.LAYER, "a/b/c", digest=DIGEST)),
        (revision_key("app", DIGEST), Part(Kind.REVISION, "app", digest=DIGEST)),
        (tag_key("app", "1.0"), Part(Kind.TAG, "app", "1.0")),
        (f"{BELOW}/app/_manifests/tags/1.0/index/{LINK}", Part(Kind.INDEX, "app", "1.0", DIGEST)),
    ],
)
def test_a_key_says_what_the_object_is(key: str, part: Part) -> None:
    assert part_of(key) == part


@pytest.mark.parametrize(
    "key", [f"{BELOW}/app/_uploads/9d1c/data", f"{BELOW}/app/_uploads/9d1c/startedat", "docker/registry/v2/other", "x"]
)
def test_uploads_that_never_ended_and_foreign_objects_are_no_part_of_an_image(key: str) -> None:
    assert part_of(key) is None
