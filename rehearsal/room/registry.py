"""Registries as set-ups are made of: the product's configuration file, where its objects lie, and what differs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from rehearsal.room.room import Room

USERDATA = Path(__file__).resolve().parents[2] / "userdata"
PROGRAM = "/opt/registry-part"
# The container's user on the host: nobody.
CONFINED = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")


@dataclass(frozen=True, slots=True)
class Storage:
    """`settings` of the driver `driver`; `secrets` goes into the environment, as on the host."""

    driver: str
    settings: Mapping[str, Any]
    secrets: Mapping[str, str] = field(default_factory=dict)


def filesystem(folder: str) -> Storage:
    return Storage("filesystem", {"rootdirectory": folder})


def s3(endpoint: str, bucket: str, access_key: str, secret_key: str) -> Storage:
    """As the product's, but for where S3 is and who asks."""
    settings = {
        "region": "us-east-1",
        "bucket": bucket,
        "regionendpoint": endpoint,
        "forcepathstyle": True,
        "secure": False,
    }
    return Storage("s3", settings, {"AWS_ACCESS_KEY_ID": access_key, "AWS_SECRET_ACCESS_KEY": secret_key})


def start_registry(
    room: Room,
    name: str,
    address: str,
    storage: Storage,
    *,
    redirect: bool = True,
    changes: Mapping[str, Any] | None = None,
) -> None:
    """The product's registry.yml with another address and storage; `changes` are merged into its top level."""
    settings = yaml.safe_load((USERDATA / "etc/registry/registry.yml").read_text())
    del settings["storage"]["s3"]
    settings["storage"][storage.driver] = dict(storage.settings)
    settings["storage"]["redirect"] = {"disable": not redirect}
    settings["http"]["addr"] = address
    for key, value in (changes or {}).items():
        settings[key] = {**settings.get(key, {}), **value}
    file = room.place(f"/srv/{name}.yml")
    file.write_text(yaml.safe_dump(settings))
    if storage.driver == "filesystem":
        room.run("install", "-d", "-o", "65534", "-g", "65534", storage.settings["rootdirectory"])
    environment = {"REGISTRY_HTTP_SECRET": "bench", "OTEL_TRACES_EXPORTER": "none", **storage.secrets}
    room.start(name, *CONFINED, PROGRAM, "serve", f"/srv/{name}.yml", environment=environment)
    room.wait_for(name, address)
