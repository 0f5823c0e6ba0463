"""Steps that push and pull images, as a client does."""

import json
import os
import re
import time

from rehearsal.contract import product
from rehearsal.machine.oci_layout import REFERENCE, Image, layers_of, pack, write_image
from rehearsal.machine.registry_image import architecture
from rehearsal.outside.client import CommandFailedError
from rehearsal.story.step import Story, expect

SMALL_LAYER_BYTES = 300_000
LARGE_LAYER_BYTES = 200_000_000
# An answer that was under way when the address moved never comes, as on EC2: a client gives up and asks again.
PATIENCE_SECONDS = 2


def push(story: Story) -> str:
    _random_image(story, "small", SMALL_LAYER_BYTES)
    for tag in ("1.0", "latest"):
        story.client.run("skopeo", "copy", f"oci:small:{REFERENCE}", f"docker://{story.domain}/demo:{tag}")
    return f"skopeo pushed {story.domain}/demo:1.0, and the same as demo:latest"


def pull_by_tag(story: Story) -> str:
    story.client.run("skopeo", "copy", f"docker://{story.domain}/demo:1.0", f"oci:by-tag:{REFERENCE}")
    return same_layers(story, "by-tag")


def pull_by_digest(story: Story) -> str:
    reference = f"{story.domain}/demo@{story.small.manifest_digest}"
    story.client.run("skopeo", "copy", f"docker://{reference}", f"oci:by-digest:{REFERENCE}")
    return same_layers(story, "by-digest")


def docker_manifest(story: Story) -> str:
    printed = story.client.run("docker", "manifest", "inspect", f"{story.domain}/demo:1.0").stdout
    digest = json.loads(printed)["layers"][0]["digest"]
    expect(digest == story.small.layer_digest, story.small.layer_digest, digest)
    return "the docker command line reads the same manifest"


def second_client(story: Story) -> str:
    reference = f"{story.domain}/demo:1.0"
    # Debian's skopeo takes the place of crane where that could not be built (rehearsal/machine/parts.py).
    found = story.client.shell(
        f"if command -v crane; then crane digest {reference}; "
        f"else command -v skopeo; skopeo inspect --format '{{{{.Digest}}}}' docker://{reference}; fi"
    ).stdout.split()
    expect(found[1:] == [story.small.manifest_digest], story.small.manifest_digest, found)
    return f"{found[0].rsplit('/', 1)[1]} sees the same digest"


def large_layer(story: Story) -> str:
    large = _random_image(story, "large", LARGE_LAYER_BYTES)
    megabytes = large.layer_bytes / 1e6
    reference = f"docker://{story.domain}/demo:large"
    started = time.monotonic()
    story.client.run("skopeo", "copy", f"oci:large:{REFERENCE}", reference)
    pushed = time.monotonic()
    story.client.run("skopeo", "copy", reference, f"oci:large-pulled:{REFERENCE}")
    pulled = time.monotonic()
    seen = layers_of(story.client.work / "large-pulled")
    expected = {large.layer_digest: large.layer_digest}
    expect(seen == expected, f"the layer {expected}", seen)
    return (
        f"{megabytes:.0f} MB pushed at {megabytes / (pushed - started):.0f} MB/s,"
        f" pulled at {megabytes / (pulled - pushed):.0f} MB/s, byte-identical"
    )


def catalog_from_client(story: Story) -> str:
    printed = story.client.curl(f"https://{story.domain}/v2/_catalog").stdout
    expect_catalog(printed)
    return f"curl https://{story.domain}/v2/_catalog  →  {printed.strip()}"


def expect_catalog(printed: str) -> None:
    """Expect the one repository that the story has pushed so far."""
    expect(json.loads(printed) == {"repositories": ["demo"]}, '{"repositories":["demo"]}', printed)


def redirect(story: Story) -> str:
    url = f"https://{story.domain}/v2/demo/blobs/{story.small.layer_digest}"
    location = story.client.curl("--output", "/dev/null", "--write-out", "%{redirect_url}", url).stdout
    expect(bool(re.match(r"https://[^/]*\.s3\.[^/]*amazonaws\.com/", location)), "a redirect to S3", location)
    status = story.client.status_of(location, user=None)
    expect(status == 200, "200 from S3 without the registry's login", status)
    return f"a layer is answered by redirect to {location.split('?')[0].split('/docker/')[0]} and comes from there"


def page(story: Story) -> str:
    base = f"https://{story.domain}"
    shown = story.client.curl("--fail", f"{base}/").stdout
    expect("/page/page.js" in shown, "the page at the registry's address", shown)
    told = json.loads(story.client.curl("--fail", f"{base}/page/me.json").stdout)
    expect(told == {"user": product.FIRST_USER, "may_push": True}, "the first user, who may push", told)
    accept = "Accept: application/vnd.oci.image.manifest.v1+json"
    manifest = json.loads(story.client.curl("--fail", "--header", accept, f"{base}/v2/demo/manifests/1.0").stdout)
    configuration = f"{base}/page/configuration/demo/{manifest['config']['digest']}"
    read = story.client.curl("--fail", configuration).stdout
    expect("rootfs" in json.loads(read), "the image's configuration, which the host reads from S3", read)
    return f"{base}/ is a page for people, and reads an image's configuration from S3 through the host"


def pulls_work(story: Story, patience_seconds: float = PATIENCE_SECONDS) -> bool:
    """Whether a manifest and its layer can be pulled now, each within so many seconds."""
    base = f"https://{story.domain}/v2/demo"
    urls = f"{base}/manifests/1.0", f"{base}/blobs/{story.small.layer_digest}"
    try:
        for url in urls:
            story.client.curl(
                "--fail", "--location", "--max-time", str(patience_seconds), "--output", "/dev/null",
                "--header", "Accept: application/vnd.oci.image.manifest.v1+json", url,
            )  # fmt: skip
    except CommandFailedError:
        return False
    return True


def same_layers(story: Story, layout: str) -> str:
    """Expect the small image's layers in a layout folder; returns the evidence."""
    seen = layers_of(story.client.work / layout)
    expected = {story.small.layer_digest: story.small.layer_digest}
    expect(seen == expected, f"the layers {expected}", seen)
    return f"the same {story.small.layer_bytes} bytes"


def _random_image(story: Story, name: str, layer_bytes: int) -> Image:
    """Of random, hence incompressible, data."""
    image = story.images[name] = write_image(
        story.client.work / name,
        pack({"payload": os.urandom(layer_bytes)}),
        architecture=architecture(),
        config={"Cmd": ["/payload"]},
    )
    return image
