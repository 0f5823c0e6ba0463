"""The restore drill: people delete and overwrite images, and the product's command brings them back."""

import json
from datetime import UTC, datetime, timedelta

from rehearsal.age.bucket import REPOSITORIES
from rehearsal.contract import product
from rehearsal.machine.oci_layout import REFERENCE
from rehearsal.outside import own_command
from rehearsal.story.images import same_layers
from rehearsal.story.step import Story, expect

DELETED = "on-the-server"
# S3 tells times in whole seconds.
BEFORE = timedelta(seconds=2)


def drill(story: Story) -> str:
    """A tag is deleted, another is overwritten, and a repository is deleted with all that is in S3 of it."""
    as_of = datetime.now(UTC) - BEFORE
    demo, moved = f"https://{story.domain}/v2/demo", f"docker://{story.domain}/demo:large"
    digest_before = story.client.run("skopeo", "inspect", "--format", "{{.Digest}}", moved).stdout
    story.client.curl("--fail", "--request", "DELETE", f"{demo}/manifests/latest")
    story.client.run("skopeo", "copy", f"oci:small:{REFERENCE}", moved)
    story.client.run("skopeo", "delete", f"docker://{story.domain}/{DELETED}:1.0")
    objects = f"s3://{story.outputs[product.OUTPUT_IMAGE_BUCKET]}/{REPOSITORIES}/{DELETED}/"
    story.client.run("aws", "s3", "rm", "--quiet", "--recursive", objects)
    expect_listed(story, {"demo": ["1.0", "large"], DELETED: []})

    restored = own_command.run(story.world, *product.RESTORE, "--as-of", as_of.isoformat(), "--yes")
    for line in restored.stdout.splitlines():
        story.say(f"    {line}".rstrip())
    expect(restored.returncode == 0, "the restore to work", restored.stdout + restored.stderr)
    expect_listed(story, {"demo": ["1.0", "large", "latest"], DELETED: ["1.0"]})
    story.client.run("skopeo", "copy", f"docker://{story.domain}/demo:latest", f"oci:restored:{REFERENCE}")
    same = same_layers(story, "restored")
    digest_after = story.client.run("skopeo", "inspect", "--format", "{{.Digest}}", moved).stdout
    expect(digest_after == digest_before, f"demo:large to be {digest_before}", digest_after)
    story.client.run("skopeo", "copy", f"docker://{story.domain}/{DELETED}:1.0", f"oci:restored-too:{REFERENCE}")
    return f"a deleted tag is pulled with {same}, an overwritten one is the old image, a deleted repository is back"


def expect_listed(story: Story, tags: dict[str, list[str]]) -> None:
    """Lists are never cached."""
    for repository, expected in tags.items():
        printed = story.client.curl(f"https://{story.domain}/v2/{repository}/tags/list").stdout
        # S3 has no such folder any more: the answer is an error, or an empty list.
        seen = sorted(json.loads(printed).get("tags") or [])
        expect(seen == expected, f"the tags {expected} of {repository}", printed)
