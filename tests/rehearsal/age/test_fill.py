"""The files of a years-old registry, as the engine and the S3 server read them."""

import gzip
import hashlib
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from rehearsal.age.bucket import ROOT
from rehearsal.age.fill import Filled, fill
from rehearsal.age.plan import SIGNED_EVERY, objects_of
from rehearsal.contract.product import PROJECT
from tests.support.waiting import until

REPOSITORY = "team-00/service-0001"
IMAGES = 3 * SIGNED_EVERY


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bucket")


@pytest.fixture(scope="module")
def filled(bucket: Path) -> Filled:
    return fill(bucket, bucket.with_suffix(".json"), {REPOSITORY: IMAGES})


def files(bucket: Path) -> Mapping[str, bytes]:
    return {str(path.relative_to(bucket / ROOT)): path.read_bytes() for path in bucket.rglob("*") if path.is_file()}


def blob(found: Mapping[str, bytes], digest: str) -> bytes:
    algorithm, _, name = digest.partition(":")
    return found[f"blobs/{algorithm}/{name[:2]}/{name}/data"]


def manifest(found: Mapping[str, bytes], tag: str) -> Any:
    at = f"repositories/{REPOSITORY}/_manifests"
    digest = found[f"{at}/tags/{tag}/current/link"].decode()
    assert found[f"{at}/tags/{tag}/index/sha256/{digest.removeprefix('sha256:')}/link"].decode() == digest
    assert found[f"{at}/revisions/sha256/{digest.removeprefix('sha256:')}/link"].decode() == digest
    return json.loads(blob(found, digest))


def test_as_many_objects_are_written_as_the_plan_counts(bucket: Path, filled: Filled) -> None:
    shared = filled.objects - objects_of(IMAGES)
    assert 0 < shared < 10
    assert sum(name.startswith("repositories/") for name in files(bucket)) < filled.objects <= len(files(bucket))


@pytest.mark.usefixtures("filled")
def test_each_blob_has_the_digest_of_its_name(bucket: Path) -> None:
    blobs = {name: content for name, content in files(bucket).items() if name.startswith("blobs/")}
    assert blobs
    assert {name.split("/")[3]: hashlib.sha256(content).hexdigest() for name, content in blobs.items()} == {
        name.split("/")[3]: name.split("/")[3] for name in blobs
    }


@pytest.mark.usefixtures("filled")
def test_an_image_can_be_pulled_whole(bucket: Path) -> None:
    found = files(bucket)
    pulled = manifest(found, "1.5.0")
    config = json.loads(blob(found, pulled["config"]["digest"]))
    for described in (pulled["config"], *pulled["layers"]):
        name = described["digest"].removeprefix("sha256:")
        assert found[f"repositories/{REPOSITORY}/_layers/sha256/{name}/link"].decode() == described["digest"]
        assert len(blob(found, described["digest"])) == described["size"]
    archives = [gzip.decompress(blob(found, layer["digest"])) for layer in pulled["layers"]]
    assert config["rootfs"]["diff_ids"] == [f"sha256:{hashlib.sha256(each).hexdigest()}" for each in archives]


@pytest.mark.usefixtures("filled")
def test_images_are_signed_by_tag_and_as_referrers(bucket: Path) -> None:
    found = files(bucket)
    first, second = (
        found[f"repositories/{REPOSITORY}/_manifests/tags/1.{number}.0/current/link"].decode().replace(":", "-")
        for number in (SIGNED_EVERY - 1, 2 * SIGNED_EVERY - 1)
    )
    assert manifest(found, f"{first}.sig")["layers"][0]["mediaType"].startswith("application/vnd.dev.cosign")
    (attached,) = manifest(found, second)["manifests"]
    assert json.loads(blob(found, attached["digest"]))["subject"]["digest"] == second.replace("-", ":")


@pytest.mark.usefixtures("filled")
def test_a_bucket_that_grows_older_keeps_what_it_has(bucket: Path) -> None:
    before = files(bucket)
    older = fill(bucket, bucket.with_suffix(".json"), {REPOSITORY: IMAGES + 10, "team-00/service-0002": 1})
    after = files(bucket)
    assert {name: after[name] for name in before} == before
    assert older.images == {REPOSITORY: IMAGES + 10, "team-00/service-0002": 1}
    assert len(after) > len(before)


def test_a_filling_that_is_killed_leaves_no_process_behind(tmp_path: Path) -> None:
    filling = "from rehearsal.age.fill import *; fill(Path('bucket'), Path('notes'), {'team': 100_000})"
    environment = {"PYTHONPATH": str(PROJECT)}
    with subprocess.Popen([sys.executable, "-c", filling], cwd=tmp_path, env=environment) as process:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        workers = until(lambda: children.read_text().split())
        process.kill()
    until(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers))
