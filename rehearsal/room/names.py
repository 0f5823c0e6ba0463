"""Many repositories and tags at once, as files of a registry on a file system.

The layout is the one of registry/storage/paths.go of distribution 3.1.2.
"""

from collections.abc import Iterable
from pathlib import Path

from rehearsal.age.bucket import REPOSITORIES
from rehearsal.room.isolation import Room
from rehearsal.room.registry_server import SERVER


def add_repositories(room: Room, folder: str, names: Iterable[str]) -> None:
    """Repositories without an image, in the registry's folder."""
    for name in names:
        for part in ("_layers", "_manifests"):
            (room.place(folder) / REPOSITORIES / name / part).mkdir(parents=True)
    room.run("chown", "--recursive", f"{SERVER}:{SERVER}", folder)


def add_tags(room: Room, folder: str, repository: str, digest: str, tags: Iterable[str]) -> None:
    """More tags of a manifest that is in the repository."""
    place = room.place(folder) / REPOSITORIES / repository / "_manifests/tags"
    for tag in tags:
        for link in (place / tag / "current/link", place / tag / "index" / Path(digest.replace(":", "/")) / "link"):
            link.parent.mkdir(parents=True)
            link.write_text(digest)
    room.run("chown", "--recursive", f"{SERVER}:{SERVER}", f"{folder}/{REPOSITORIES}/{repository}")
