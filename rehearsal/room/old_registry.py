"""A registry of version 2.8 in a room, as Debian packages it: a bucket that it wrote can be adopted."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import yaml

from rehearsal.machine import roots
from rehearsal.machine.root_layers import Root, Say
from rehearsal.machine.workplace import Workplace
from rehearsal.room.isolation import Room, cache, door_root
from rehearsal.room.registry_server import CONFINED, StorageDriver

PACKAGE = PROGRAM = "docker-registry"
ADDRESS = "127.0.0.1:5028"


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
