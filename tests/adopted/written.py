"""Every kind of content that a registry of version 2.8 writes, and what a client sees of it."""

import json
from dataclasses import dataclass, field
from typing import Any

from tests.support.door_client import (
    DOCKER_LIST,
    DOCKER_MANIFEST,
    OCI_INDEX,
    OCI_MANIFEST,
    TYPES,
    Client,
    Pushed,
    digest_of,
)

ANY = ", ".join(TYPES)
APP, OCI, NESTED, RETIRED = "team/app", "team/oci", "team/app/nested", "team/retired"
# More than the engine's part of an upload, so that S3 gets it in parts.
LARGE = "a large layer\n" * 800_000
LAYERS = ("a small layer", LARGE)


@dataclass(frozen=True, slots=True)
class Answered:
    status: int
    digest: str
    media_type: str


@dataclass(frozen=True, slots=True)
class Written:
    """``answers`` are the old registry's, by path; ``deleted`` answer 404."""

    answers: dict[str, Answered]
    tags: dict[str, list[str]]
    deleted: list[str]
    images: dict[str, Pushed] = field(default_factory=dict)


def write_everything(old: Client) -> Written:
    images = {
        f"{APP}:1.0": push_image(old, APP, "1.0", DOCKER_MANIFEST, LAYERS),
        f"{APP}:2.0": push_image(old, APP, "2.0", DOCKER_MANIFEST, ("another layer", LAYERS[0])),
        f"{OCI}:1.0": push_image(old, OCI, "1.0", OCI_MANIFEST, LAYERS[:1]),
        f"{NESTED}:1.0": push_image(old, NESTED, "1.0", OCI_MANIFEST, LAYERS[:1]),
        f"{RETIRED}:1.0": push_image(old, RETIRED, "1.0", DOCKER_MANIFEST, LAYERS[:1]),
    }
    images[f"{APP}:all"] = push_list(old, APP, "all", DOCKER_LIST, images[f"{APP}:1.0"], images[f"{APP}:2.0"])
    images[f"{OCI}:all"] = push_list(old, OCI, "all", OCI_INDEX, images[f"{OCI}:1.0"])
    gone = push_image(old, APP, "gone", DOCKER_MANIFEST, ("a layer of a deleted tag",))
    old.delete(gone)
    # A tag that was moved keeps the name of its earlier image.
    moved = push_image(old, APP, "latest", DOCKER_MANIFEST, ("an earlier layer",))
    old.put(images[f"{APP}:2.0"], "latest")
    images[f"{APP}:latest"] = images[f"{APP}:2.0"]
    paths = {image.path for image in (*images.values(), moved)}
    paths |= {f"/v2/{name.replace(':', '/manifests/')}" for name in images}
    paths |= {
        f"/v2/{image.repository}/blobs/{each['digest']}"
        for image in images.values()
        for each in described(json.loads(image.body))
    }
    tags = {APP: ["1.0", "2.0", "all", "latest"], OCI: ["1.0", "all"], NESTED: ["1.0"], RETIRED: ["1.0"]}
    deleted = [gone.path, f"/v2/{APP}/manifests/gone"]
    return Written({path: see(old, path) for path in sorted(paths)}, tags, deleted, images)


def see(client: Client, path: str) -> Answered:
    """What a client gets that follows the redirect to S3."""
    answer = client.ask(path, "--location", accept=ANY)
    media_type = answer.headers["content-type"][0] if "/manifests/" in path else ""
    return Answered(answer.status, digest_of(answer.body), media_type)


def tags_of(client: Client, repository: str) -> list[str]:
    return sorted(json.loads(client.ask(f"/v2/{repository}/tags/list").body)["tags"] or [])


def push_image(client: Client, repository: str, tag: str, media_type: str, layers: tuple[str, ...]) -> Pushed:
    """An image with a configuration of its own."""
    is_oci = media_type == OCI_MANIFEST
    config = json.dumps({"architecture": "amd64", "os": "linux", "config": {"Labels": {"tag": tag}}})
    types = (
        ("application/vnd.oci.image.config.v1+json", "application/vnd.oci.image.layer.v1.tar+gzip")
        if is_oci
        else ("application/vnd.docker.container.image.v1+json", "application/vnd.docker.image.rootfs.diff.tar.gzip")
    )
    blobs = [
        {"mediaType": kind, "size": len(content), "digest": client.push_blob(repository, content)}
        for kind, content in ((types[0], config), *((types[1], layer) for layer in layers))
    ]
    return put(client, repository, tag, media_type, {"config": blobs[0], "layers": blobs[1:]})


def push_list(client: Client, repository: str, tag: str, media_type: str, *images: Pushed) -> Pushed:
    manifests = [
        {
            "mediaType": image.media_type,
            "size": len(image.body),
            "digest": image.digest,
            "platform": {"os": "linux", "architecture": architecture},
        }
        for image, architecture in zip(images, ("amd64", "arm64"), strict=False)
    ]
    return put(client, repository, tag, media_type, {"manifests": manifests})


def put(client: Client, repository: str, tag: str, media_type: str, content: dict[str, Any]) -> Pushed:
    body = json.dumps({"schemaVersion": 2, "mediaType": media_type, **content})
    pushed = Pushed(repository, digest_of(body), media_type, body)
    client.put(pushed, tag)
    return pushed


def described(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    """The blobs that it names."""
    return [manifest["config"], *manifest["layers"]] if "config" in manifest else []
