"""Images with much to show, pushed through the front door."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tests.support.door_client import OCI_INDEX, OCI_MANIFEST, Client, Pushed, digest_of

CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


def config_of(architecture: str = "amd64", **changes: Any) -> dict[str, Any]:
    """An image's configuration, as docker build writes it."""
    return {
        "created": "2026-11-20T10:00:00Z",
        "architecture": architecture,
        "os": "linux",
        "config": {
            "Env": ["PATH=/usr/bin:/bin", "GREETING=hello=world"],
            "Entrypoint": ["/server"],
            "Cmd": ["--port", "8080"],
            "Labels": {"org.opencontainers.image.source": "https://example.com/team/app"},
            "User": "65532",
            "ExposedPorts": {"8080/tcp": {}},
        },
        "history": [
            {"created_by": "COPY server /server # buildkit"},
            {"created_by": 'ENTRYPOINT ["/server"]', "empty_layer": True},
        ],
        "rootfs": {"type": "layers", "diff_ids": []},
    } | changes


def push_image(
    client: Client,
    repository: str,
    *tags: str,
    config: Mapping[str, Any] | None = None,
    layers: Sequence[str] = ("the server",),
    **more: Any,
) -> Pushed:
    """Push an image, or with `config_type` another artifact, with these tags, or by its digest. `more` goes into the
    manifest."""
    config_type = more.pop("config_type", CONFIG)
    manifest = {
        "config": _descriptor(client, repository, config_type, json.dumps(config or config_of())),
        "layers": [_descriptor(client, repository, LAYER, layer) for layer in layers],
    }
    return _put(client, repository, OCI_MANIFEST, manifest | more, tags)


def push_index(client: Client, repository: str, *tags: str, images: Mapping[str, Pushed], **more: Any) -> Pushed:
    """Push an index of images by their platforms, such as linux/amd64."""
    manifests = [descriptor_of(image) | {"platform": _platform(platform)} for platform, image in images.items()]
    return _put(client, repository, OCI_INDEX, {"manifests": manifests} | more, tags)


def descriptor_of(pushed: Pushed) -> dict[str, Any]:
    return {"mediaType": pushed.media_type, "digest": pushed.digest, "size": len(pushed.body.encode())}


def _platform(text: str) -> dict[str, str]:
    os, architecture = text.split("/")
    return {"os": os, "architecture": architecture}


def _descriptor(client: Client, repository: str, media_type: str, content: str) -> dict[str, Any]:
    digest = client.push_blob(repository, content)
    return {"mediaType": media_type, "digest": digest, "size": len(content.encode())}


def _put(client: Client, repository: str, media_type: str, document: Mapping[str, Any], tags: Sequence[str]) -> Pushed:
    body = json.dumps({"schemaVersion": 2, "mediaType": media_type, **document})
    pushed = Pushed(repository, digest_of(body), media_type, body)
    for reference in tags or (pushed.digest,):
        client.put(pushed, reference)
    return pushed
