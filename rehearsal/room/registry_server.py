"""A registry server in a room: the product's configuration file with another address and another storage driver."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from rehearsal.contract import product
from rehearsal.room.isolation import Room

PROGRAM = "/opt/distribution"
# The container's user on the host: nobody.
SERVER = "65534"
CONFINED = ("setpriv", f"--reuid={SERVER}", f"--regid={SERVER}", "--clear-groups")


@dataclass(frozen=True, slots=True)
class StorageDriver:
    """A storage driver of the registry. `secrets` go into the environment, as on the host."""

    name: str
    settings: Mapping[str, Any]
    secrets: Mapping[str, str] = field(default_factory=dict)


def filesystem(folder: str) -> StorageDriver:
    return StorageDriver("filesystem", {"rootdirectory": folder})


def s3(endpoint: str, bucket: str, folder: str, keys: tuple[str, str] | None) -> StorageDriver:
    """The product's driver with another endpoint, and a folder in the bucket. Without keys it asks the metadata
    service, as on the host."""
    settings = {
        "region": "us-east-1",
        "bucket": bucket,
        "rootdirectory": folder,
        "regionendpoint": endpoint,
        "forcepathstyle": True,
        "secure": False,
    }
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    return StorageDriver("s3", settings, dict(zip(names, keys, strict=True)) if keys else {})


def start_registry(
    room: Room,
    name: str,
    address: str,
    driver: StorageDriver,
    *,
    redirect: bool = True,
    changes: Mapping[str, Any] | None = None,
) -> None:
    """Start the server and wait until it listens. `changes` are merged into the file's top level."""
    settings = yaml.safe_load(Path(f"{product.USERDATA}{product.REGISTRY_CONFIGURATION}").read_text())
    del settings["storage"]["s3"]
    settings["storage"][driver.name] = dict(driver.settings)
    settings["storage"]["redirect"] = {"disable": not redirect}
    settings["http"]["addr"] = address
    for key, value in (changes or {}).items():
        settings[key] = {**settings.get(key, {}), **value}
    room.place(f"/srv/{name}.yml").write_text(yaml.safe_dump(settings))
    if driver.name == "filesystem":
        room.run("install", "-d", "-o", SERVER, "-g", SERVER, driver.settings["rootdirectory"])
    environment = {"REGISTRY_HTTP_SECRET": "bench", "OTEL_TRACES_EXPORTER": "none", **driver.secrets}
    room.start(name, *CONFINED, PROGRAM, "serve", f"/srv/{name}.yml", environment=environment)
    room.wait_for(name, address)
