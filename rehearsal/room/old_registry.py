"""The registries that a team leaves: a hand-made one with a password, whose images are copied, and one of version 2.8,
as Debian packages it, whose bucket can be adopted."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from rehearsal.machine import roots
from rehearsal.machine.root_layers import Root, Say
from rehearsal.machine.workplace import Workplace
from rehearsal.room import door
from rehearsal.room.isolation import Room, cache, door_root
from rehearsal.room.registry_server import CONFINED, SERVER, StorageDriver, filesystem, start_registry

PACKAGE = PROGRAM = "docker-registry"
ADDRESS = "127.0.0.1:5028"
HAND_MADE, IMAGES = "127.0.0.1:5300", "/srv/old"


@dataclass(frozen=True, slots=True)
class Login:
    user: str
    password: str


def save_logins(folder: Path, logins: Mapping[str, Login]) -> None:
    """In the file of `docker login`, by registry."""
    auths = {
        host: {"auth": base64.b64encode(f"{login.user}:{login.password}".encode()).decode()}
        for host, login in logins.items()
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps({"auths": auths}))


def start_hand_made(room: Room, login: Login, cost: int) -> None:
    """Start it at HAND_MADE, with the images of the folder IMAGES. The cost is that of the password's hash."""
    room.run("chown", "-R", f"{SERVER}:{SERVER}", IMAGES)
    htpasswd = f"{IMAGES}.htpasswd"
    room.place(htpasswd).write_text(f"{login.user}:{door.hash_password(room, login.password, cost)}\n")
    password = {"auth": {"htpasswd": {"realm": "old", "path": htpasswd}}}
    start_registry(room, "old", HAND_MADE, filesystem(IMAGES), changes=password)


def old_registry_root(workplace: Workplace, say: Say) -> Root:
    """The front door's root with the old registry."""
    below = door_root(workplace, say)
    return roots.with_packages(replace(workplace, cache=cache()), below, f"{below.name}-old-registry", (PACKAGE,), say)


def start_old_registry(room: Room, name: str, driver: StorageDriver) -> None:
    """Start it at ADDRESS, with the configuration of the usual tutorial, and without a login."""
    settings: Mapping[str, Any] = {
        "version": 0.1,
        "storage": {
            driver.name: dict(driver.settings),
            "cache": {"blobdescriptor": "inmemory"},
            "delete": {"enabled": True},
        },
        "http": {"addr": ADDRESS},
    }
    room.place(f"/srv/{name}.yml").write_text(yaml.safe_dump(settings))
    environment = {"REGISTRY_HTTP_SECRET": "old", **driver.secrets}
    room.start(name, *CONFINED, PROGRAM, "serve", f"/srv/{name}.yml", environment=environment)
    room.wait_for(name, ADDRESS)
