"""From an own bucket to an adopted one and back, on the deployed product."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.assembly import Assembly, Synthesise, Template
from tests.support.deployed import Calls, DeployedProduct, allowed, deployed

BUCKET, FOLDER = "team-images", "registry"


@dataclass(frozen=True, slots=True)
class Scene:
    """The product with a bucket of its own, and its templates for an adopted one."""

    product: DeployedProduct
    own: Assembly
    adopting: Assembly

    def update(self, template: Template) -> str:
        with self.product.account.hosts_signal("SUCCESS"):
            return self.product.account.update(template.path.name.removesuffix(".template.json"), dict(template.body))


@pytest.fixture(scope="module")
def scene(assembly: Assembly, synthesise: Synthesise) -> Iterator[Scene]:
    with deployed(assembly) as product:
        product.account.client("s3").create_bucket(Bucket=BUCKET)
        yield Scene(product, assembly, synthesise(image_bucket=f"{BUCKET}/{FOLDER}"))


def test_the_host_goes_first_to_an_adopted_bucket_and_both_buckets_stay(scene: Scene) -> None:
    """As docs/adopting.md says."""
    s3: Any = scene.product.account.client("s3")
    images = ((scene.product.physical["Images"], "docker/image"), (BUCKET, f"{FOLDER}/docker/image"))
    for bucket, key in images:
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    assert scene.update(scene.adopting.storage) == "UPDATE_ROLLBACK_COMPLETE"
    for template in (scene.adopting.host, scene.adopting.operations, scene.adopting.storage):
        assert scene.update(template) == "UPDATE_COMPLETE"
    assert allowed(in_bucket(scene)) == {"list the images", "write a layer", "read a layer", "delete a layer"}
    for template in (scene.own.storage, scene.own.host, scene.own.operations):
        assert scene.update(template) == "UPDATE_COMPLETE"
    for bucket, key in images:
        assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == b"x"


def in_bucket(scene: Scene) -> Calls:
    as_host, layer = scene.product.acting_as("Role")("s3"), {"Bucket": BUCKET, "Key": f"{FOLDER}/docker/a"}
    beside, own = {"Bucket": BUCKET, "Key": "payroll"}, {"Bucket": scene.product.physical["Images"], "Key": "docker/a"}
    suspended = {"Status": "Suspended"}
    return {
        "list the images": lambda: as_host.list_objects_v2(Bucket=BUCKET),
        "write a layer": lambda: as_host.put_object(**layer, Body=b"x"),
        "read a layer": lambda: as_host.get_object(**layer),
        "delete a layer": lambda: as_host.delete_object(**layer),
        "delete for good": lambda: as_host.delete_object(**layer, VersionId="1"),
        "read beside the folder": lambda: as_host.get_object(**beside),
        "write beside the folder": lambda: as_host.put_object(**beside, Body=b"x"),
        "end the history": lambda: as_host.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration=suspended),
        "write to the bucket of before": lambda: as_host.put_object(**own, Body=b"x"),
    }
