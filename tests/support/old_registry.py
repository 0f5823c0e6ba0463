"""The registry that is left, with its images and all that old registries leave behind, and the command to copy it."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rehearsal.age import bucket
from rehearsal.room import door, visitor
from rehearsal.room.isolation import Room
from rehearsal.room.old_registry import HAND_MADE, IMAGES, Login, save_logins, start_hand_made
from tests.support import dressed_registry
from tests.support.door_client import OCI_INDEX, OCI_MANIFEST, PASSWORD_OF
from tests.support.dressed_registry import Manners

ADDRESS, DRESSED = HAND_MADE, "127.0.0.1:5301"
USER = "old"
LOGIN = Login(USER, "the old password")
PROJECT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Done:
    status: int
    out: str
    errors: str


@dataclass(frozen=True, slots=True)
class OldRegistry:
    """``logins`` is the folder of a `docker login`'s file."""

    room: Room
    logins: Path

    @property
    def folder(self) -> Path:
        return self.room.place(IMAGES)

    def start(self) -> None:
        start_hand_made(self.room, LOGIN, cost=4)

    def dress(self, manners: Manners) -> None:
        """Start it again at DRESSED, with these manners."""
        argv = [sys.executable, dressed_registry.__file__, DRESSED, ADDRESS, json.dumps(asdict(manners))]
        self.room.start_on_machine("dressed", visitor.command(self.room, argv))
        self.room.wait_for("dressed", DRESSED)

    def undress(self) -> None:
        if process := self.room.started.pop("dressed", None):
            process.kill()
            process.wait()

    def log_in(self, users: Mapping[str, str]) -> None:
        """As `docker login` does; a user by registry."""
        of = PASSWORD_OF | {USER: LOGIN.password}
        save_logins(self.logins, {host: Login(user, of[user]) for host, user in users.items()})

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        """`python -m migrate`, to the front door."""
        # Ctrl-C is ignored in a background job, and by what that starts.
        argv = ["env", "--default-signal=INT", sys.executable, "-m", "migrate", *arguments, "--to", door.DOMAIN]
        environment = {**os.environ, **visitor.trust(self.room), "DOCKER_CONFIG": str(self.logins)}
        return subprocess.Popen(
            visitor.command(self.room, argv), env=environment, cwd=PROJECT, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def migrate(self, *arguments: str) -> Done:
        process = self.begin(*arguments)
        out, errors = process.communicate()
        return Done(process.returncode, out, errors)

    def write_images(self, repository: str, number: int) -> None:
        """With six tags each, signed by tag and by attachment in turn, one in eight."""
        bucket.write_images(self.folder, repository, 0, number)

    def write_manifest(self, repository: str, document: Mapping[str, Any], tag: str = "") -> str:
        """Whatever it says. Returns its digest."""
        content = json.dumps(document).encode()
        digest = self.write_blob(repository, content)
        below = self.folder / bucket.REPOSITORIES / repository / "_manifests"
        links = [below / "revisions/sha256" / digest.removeprefix("sha256:")]
        if tag:
            links += [below / "tags" / tag / "current", below / "tags" / tag / "index" / digest.replace(":", "/")]
        for link in links:
            link.mkdir(parents=True, exist_ok=True)
            (link / "link").write_text(digest)
        return digest

    def write_blob(self, repository: str, content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()
        root = self.folder / bucket.ROOT
        for folder, name, text in (
            (root / "blobs/sha256" / digest[:2] / digest, "data", content),
            (root / "repositories" / repository / "_layers/sha256" / digest, "link", f"sha256:{digest}".encode()),
        ):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(text)
        return f"sha256:{digest}"

    def write_image(self, repository: str, mark: str, tag: str = "", subject: str = "") -> dict[str, Any]:
        """Of one layer; returns its descriptor."""
        config, layer = b"{}", mark.encode()
        described = [
            {"mediaType": kind, "digest": self.write_blob(repository, content), "size": len(content)}
            for kind, content in (("application/vnd.oci.image.config.v1+json", config), ("text/plain", layer))
        ]
        manifest: dict[str, Any] = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": described[0]}
        manifest["layers"] = described[1:]
        if subject:
            manifest["subject"] = {"mediaType": OCI_MANIFEST, "digest": subject, "size": 2}
        digest = self.write_manifest(repository, manifest, tag)
        return {"mediaType": OCI_MANIFEST, "digest": digest, "size": len(json.dumps(manifest))}

    def write_index(self, repository: str, tag: str, *children: Mapping[str, Any], media_type: str = OCI_INDEX) -> str:
        index = {"schemaVersion": 2, "mediaType": media_type, "manifests": list(children)}
        return self.write_manifest(repository, index, tag)

    def attach(self, repository: str, subject: str, mark: str) -> dict[str, Any]:
        """As a registry without a list of referrers keeps it."""
        attached = self.write_image(repository, mark, subject=subject)
        self.write_index(repository, subject.replace(":", "-"), attached)
        return attached
