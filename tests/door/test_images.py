"""Images as clients bring them, through the front door and on S3."""

import hashlib
import json
import shutil
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rehearsal.machine import parts
from rehearsal.room.door import BEHIND
from rehearsal.room.isolation import Room, RoomError
from rehearsal.room.registry_server import PROGRAM, s3, start_registry
from rehearsal.room.s3 import PROGRAM as GATEWAY_PROGRAM
from rehearsal.room.s3 import start_gateway
from tests.support.door_client import (
    DOCKER_MANIFEST,
    FRONT,
    OCI_INDEX,
    OCI_MANIFEST,
    TYPES,
    Answer,
    Client,
    curl_as,
    digest_of,
)
from tests.support.door_room import built

CONFIG = "application/vnd.oci.image.config.v1+json"
OLD_MANIFEST = "application/vnd.docker.distribution.manifest.v1+json"
ANY = ", ".join(TYPES)
AS_TOLD = ("--request", "PUT", "--data-binary", "@-")


S3, BUCKET, NAME = "127.0.0.1:7070", "images", "tests"


def start_on_s3(room: Room, **environment: str) -> None:
    driver = s3(f"http://{S3}", BUCKET, "/", (NAME, NAME))
    start_registry(room, "registry", BEHIND, replace(driver, secrets={**driver.secrets, **environment}))


@pytest.fixture(scope="module", autouse=True)
def bucket(client: Client, room: Room) -> Iterator[Path]:
    """The folder of the bucket on which the registry runs for this module."""
    shutil.copy(built(parts.VERSITYGW), room.place(GATEWAY_PROGRAM))
    start_gateway(room, S3, BUCKET, NAME, NAME)
    room.stop("registry")
    start_on_s3(room)
    yield room.place(f"/srv/buckets/{BUCKET}")
    room.stop("registry")
    room.stop("s3")
    client.start_registry()


def put(client: Client, repository: str, reference: str, content: dict[str, Any]) -> tuple[Answer, str]:
    """Push a manifest as it is. Returns the answer, and the manifest's text."""
    text = json.dumps({"schemaVersion": 2} | content)
    options = (*AS_TOLD, "--header", f"Content-Type: {content['mediaType']}")
    return client.ask(f"/v2/{repository}/manifests/{reference}", *options, user="pusher", given=text), text


def described(client: Client, repository: str, content: str, media_type: str) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": client.push_blob(repository, content), "size": len(content)}


def code_of(answer: Answer) -> str:
    return str(json.loads(answer.body)["errors"][0]["code"])


@pytest.mark.parametrize("url", ["http://mirror.example/layer", "https://mcr.example/v2/windows/blobs/sha256:0?x=1"])
@pytest.mark.parametrize(
    ("manifest_type", "config_type", "layer_type"),
    [
        (
            DOCKER_MANIFEST,
            "application/vnd.docker.container.image.v1+json",
            "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
        ),
        (OCI_MANIFEST, CONFIG, "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"),
        (OCI_MANIFEST, CONFIG, "application/vnd.oci.image.layer.nondistributable.v1.tar"),
    ],
)
def test_a_layer_that_is_kept_elsewhere_is_accepted(
    client: Client, manifest_type: str, config_type: str, layer_type: str, url: str
) -> None:
    config = described(client, "windows/base", "{}", config_type)
    layer = {"mediaType": layer_type, "digest": digest_of("elsewhere"), "size": 9, "urls": [url]}
    image = {"mediaType": manifest_type, "config": config, "layers": [layer]}
    pushed, text = put(client, "windows/base", "ltsc", image)
    assert pushed.status == 201, pushed
    for reference in ("ltsc", digest_of(text)):
        pulled = client.ask(f"/v2/windows/base/manifests/{reference}", accept=manifest_type)
        assert (pulled.status, pulled.body) == (200, text)


def test_a_layer_that_is_nowhere_is_refused(client: Client) -> None:
    config = described(client, "team/app", "{}", CONFIG)
    layer = {"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": digest_of("nowhere"), "size": 7}
    pushed, _ = put(client, "team/app", "bad", {"mediaType": OCI_MANIFEST, "config": config, "layers": [layer]})
    assert (pushed.status, code_of(pushed)) == (400, "MANIFEST_BLOB_UNKNOWN")


EMPTY, ODD = "application/vnd.oci.empty.v1+json", "text/x-of-no-kind; charset=none"


@pytest.mark.parametrize(
    ("artifact_type", "config_type", "layer_types", "other"),
    [
        ("application/vnd.example.sbom.v99+cbor", EMPTY, [EMPTY], {}),
        ("application/vnd.example", EMPTY, [ODD], {}),
        (None, ODD, [], {}),
        (None, EMPTY, [ODD, ODD], {"annotations": {"": "", "ключ": "значение"}}),
        (
            None,
            EMPTY,
            [EMPTY],
            {"subject": {"mediaType": OCI_MANIFEST, "digest": digest_of(""), "size": 0}, "new": [1]},
        ),
    ],
)
def test_an_artifact_of_any_type_is_accepted(
    client: Client, artifact_type: str | None, config_type: str, layer_types: list[str], other: dict[str, Any]
) -> None:
    repository = "team/artifacts"
    config = described(client, repository, "{}", config_type)
    layers = [described(client, repository, kind, kind) for kind in layer_types]
    kind = {"artifactType": artifact_type} if artifact_type else {}
    artifact: dict[str, Any] = {"mediaType": OCI_MANIFEST, "config": config, "layers": layers}
    pushed, text = put(client, repository, "any", artifact | kind | other)
    assert pushed.status == 201, pushed
    for reference in ("any", digest_of(text)):
        assert client.ask(f"/v2/{repository}/manifests/{reference}").body == text


def test_an_empty_layer_is_accepted(client: Client) -> None:
    config = described(client, "team/empty", "{}", CONFIG)
    nothing = described(client, "team/empty", "", "application/vnd.oci.image.layer.v1.tar")
    pushed, _ = put(client, "team/empty", "1", {"mediaType": OCI_MANIFEST, "config": config, "layers": [nothing]})
    assert pushed.status == 201
    blob = client.ask(f"/v2/team/empty/blobs/{digest_of('')}", "--location")
    assert (blob.status, blob.body) == (200, "")


def test_an_index_without_images_is_accepted_and_one_before_its_images_is_refused_by_name(client: Client) -> None:
    pushed, text = put(client, "team/index", "empty", {"mediaType": OCI_INDEX, "manifests": []})
    assert pushed.status == 201
    assert client.ask("/v2/team/index/manifests/empty", accept=ANY).body == text
    digest = digest_of("later")
    image = {
        "mediaType": OCI_MANIFEST,
        "digest": digest,
        "size": 5,
        "platform": {"os": "linux", "architecture": "arm64"},
    }
    pushed, _ = put(client, "team/index", "early", {"mediaType": OCI_INDEX, "manifests": [image]})
    assert (pushed.status, code_of(pushed)) == (400, "MANIFEST_BLOB_UNKNOWN")
    assert digest in pushed.body


def test_a_layer_by_sha512_is_accepted_and_a_manifest_by_sha512_is_refused(client: Client) -> None:
    started = client.ask("/v2/team/sha512/blobs/uploads/", "--request", "POST", user="pusher")
    digest = f"sha512:{hashlib.sha512(b'content').hexdigest()}"
    upload = started.headers["location"][0].removeprefix(FRONT)
    bytes_ = ("--header", "Content-Type: application/octet-stream")
    done = client.ask(f"{upload}&digest={digest}", *AS_TOLD, *bytes_, user="pusher", given="content")
    assert done.status == 201, done
    for known in (digest, digest_of("content")):
        blob = client.ask(f"/v2/team/sha512/blobs/{known}", "--location")
        assert (blob.status, blob.body) == (200, "content"), known
    manifest = f"sha512:{'0' * 128}"
    pushed, _ = put(client, "team/sha512", manifest, {"mediaType": OCI_INDEX, "manifests": []})
    assert (pushed.status, code_of(pushed)) == (400, "DIGEST_INVALID")


@pytest.mark.parametrize(
    "accept",
    [
        None,
        "*/*",
        OCI_MANIFEST,
        OCI_MANIFEST.upper(),
        f"{OCI_MANIFEST};q=0.1",
        f'"{OCI_MANIFEST}"',
        f"{ANY};q=0.5, */*",
    ],
)
def test_an_accept_header_means_the_same_by_tag_and_by_digest(client: Client, accept: str | None) -> None:
    pushed = client.push("team/accept", tag="1.0")
    by_tag = client.ask("/v2/team/accept/manifests/1.0", accept=accept)
    for _ in ("from the registry", "from the cache"):
        by_digest = client.ask(pushed.path, accept=accept)
        assert (by_digest.status, by_digest.body) == (by_tag.status, by_tag.body)
        assert by_digest.headers["content-type"] == by_tag.headers["content-type"]


@pytest.mark.parametrize(
    ("form", "status"), [('"{}"', 304), ('W/"{}"', 304), ("{}", 200), ('"sha256:other"', 200), ('"{}', 200)]
)
@pytest.mark.parametrize("method", [(), ("--head",)])
def test_if_none_match_means_the_same_by_tag_and_by_digest(
    client: Client, form: str, status: int, method: tuple[str, ...]
) -> None:
    pushed = client.push("team/etag", tag="1.0")
    known = ("--header", f"If-None-Match: {form.format(pushed.digest)}")
    for path in ("/v2/team/etag/manifests/1.0", pushed.path, pushed.path):
        assert client.ask(path, *method, *known).status == status, path


def test_a_manifest_is_never_redirected_and_a_new_one_is_there_at_once(client: Client) -> None:
    for _ in range(20):
        pushed = client.push("team/at-once", tag="latest")
        for reference in ("latest", pushed.digest):
            path = f"/v2/team/at-once/manifests/{reference}"
            head, get = client.ask(path, "--head"), client.ask(path)
            assert (head.status, get.status, get.body) == (200, 200, pushed.body)
            assert head.headers["docker-content-digest"] == [pushed.digest]


def test_parts_of_a_layer_at_the_same_time_are_the_right_bytes(client: Client, room: Room) -> None:
    """As containerd fetches a layer."""
    content = "".join(f"{number:07d}\n" for number in range(500_000))
    digest = client.push_blob("team/parts", content)
    url = f"{FRONT}/v2/team/parts/blobs/{digest}"
    size, count = len(content), 8
    part = size // count
    parts = [
        ("--range", f"{at * part}-{(at + 1) * part - 1}", "--output", f"/srv/part-{at}", "--location", url, "--next")
        for at in range(count)
    ]
    each = (*curl_as("puller")[1:], "--fail")
    argv = ["curl", "--parallel", "--parallel-immediate"]
    for options in parts:
        argv += [*each, *options]
    room.run(*argv[:-1])
    assert "".join(room.place(f"/srv/part-{at}").read_text() for at in range(count)) == content[: part * count]
    # A manifest is sent whole, which HTTP allows for every range.
    pushed = client.push("team/parts", tag="1.0")
    for path in ("/v2/team/parts/manifests/1.0", pushed.path):
        assert client.ask(path, "--range", "2-5").body == pushed.body


def test_without_a_redirect_the_host_passes_layers_on(client: Client, room: Room) -> None:
    # The door keeps a link for half a minute.
    linked = client.push_blob("team/passed-on", "linked")
    assert client.ask(f"/v2/team/passed-on/blobs/{linked}").status == 307
    digest = client.push_blob("team/passed-on", "0123456789")
    path = f"/v2/team/passed-on/blobs/{digest}"
    room.stop("registry")
    # As steps/run-registry tells the container.
    start_on_s3(room, REGISTRY_STORAGE_REDIRECT_DISABLE="true")
    try:
        assert (client.ask(path).status, client.ask(path).body) == (200, "0123456789")
        part = client.ask(path, "--range", "2-5")
        assert (part.status, part.body) == (206, "2345")
    finally:
        room.stop("registry")
        start_on_s3(room)


def test_a_push_that_broke_off_is_whole_the_next_time(client: Client, room: Room) -> None:
    room.run("dd", "if=/dev/urandom", "of=/srv/layer", "bs=1M", "count=64")
    digest = f"sha256:{room.run('sha256sum', '/srv/layer').stdout.split()[0]}"
    bytes_ = ("--header", "Content-Type: application/octet-stream")
    for attempt in range(3):
        started = client.ask("/v2/team/broken/blobs/uploads/", "--request", "POST", user="pusher")
        upload = started.headers["location"][0].removeprefix(FRONT)
        cut = ("--limit-rate", "40M", "--max-time", "0.7") if attempt < 2 else ()
        put_layer = (*curl_as("pusher"), *bytes_, "--request", "PUT", "--data-binary", "@/srv/layer", *cut)
        told = ("--output", "/dev/null", "--write-out", "%{http_code}")
        code = room.run("sh", "-c", '"$@" || true', "sh", *put_layer, *told, f"{FRONT}{upload}&digest={digest}").stdout
        assert code == ("201" if attempt == 2 else "000")
    pulled = (*curl_as("puller"), "--location", "--output", "/srv/pulled", f"{FRONT}/v2/team/broken/blobs/{digest}")
    room.run(*pulled)
    room.run("cmp", "/srv/layer", "/srv/pulled")


def test_a_push_whose_client_gives_up_at_its_end_is_complete(client: Client, room: Room) -> None:
    """As Docker's containerd image store does after 30 s, while S3 copies a large layer."""
    started = client.ask("/v2/team/patience/blobs/uploads/", "--request", "POST", user="pusher")
    upload = started.headers["location"][0].removeprefix(FRONT)
    sent = ("--data-binary", "@-", "--header", "Content-Type: application/octet-stream")
    sent_first = client.ask(upload, "--request", "PATCH", *sent, user="pusher", given="patience")
    end = sent_first.headers["location"][0].removeprefix(FRONT)
    digest = digest_of("patience")
    room.send("s3", signal.SIGSTOP)
    try:
        with pytest.raises(RoomError, match="timed out"):
            client.ask(f"{end}&digest={digest}", "--request", "PUT", "--max-time", "1", user="pusher")
        time.sleep(0.5)
    finally:
        room.send("s3", signal.SIGCONT)
    deadline = time.monotonic() + 20
    while client.ask(f"/v2/team/patience/blobs/{digest}", "--location").body != "patience":
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_after_a_garbage_collection_and_a_restart_a_push_is_whole(client: Client, room: Room, bucket: Path) -> None:
    """The server remembers what the engine's own command deletes beside it, and takes a push for granted."""
    digest = client.push_blob("team/collected", "collected")
    collect = ("REGISTRY_HTTP_SECRET=tests", f"AWS_ACCESS_KEY_ID={NAME}", f"AWS_SECRET_ACCESS_KEY={NAME}", PROGRAM)
    room.run("env", *collect, "garbage-collect", "/srv/registry.yml")
    name = digest.removeprefix("sha256:")
    assert not list(bucket.rglob(f"{name}/data"))
    room.stop("registry")
    start_on_s3(room)
    client.push_blob("team/collected", "collected")
    assert client.ask(f"/v2/team/collected/blobs/{digest}", "--location").body == "collected"


def test_the_page_reads_a_configuration_from_s3_and_never_more_than_a_megabyte(client: Client) -> None:
    small, large = (client.push_blob("team/configured", text) for text in ("{}", "x" * 1_500_000))
    assert client.ask(f"/v2/team/configured/blobs/{small}").status == 307
    read = client.ask(f"/page/configuration/team/configured/{small}")
    assert (read.status, read.body) == (206, "{}")
    assert "location" not in read.headers
    assert read.headers["content-security-policy"] == ["default-src 'none'; sandbox; frame-ancestors 'none'"]
    assert len(client.ask(f"/page/configuration/team/configured/{large}").body) == 1_048_576
