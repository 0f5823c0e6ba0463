"""A host whose first boot is troubled, and that is older: it serves in the end, within the time of the deployment."""

import re
import subprocess
from pathlib import Path

from rehearsal.contract.order import Choices
from rehearsal.first_boot.agent_package import build
from rehearsal.first_boot.troubles import playing, refused
from rehearsal.story import deploying, front_door, images, users
from rehearsal.story.step import Story
from tests.support.world import needs_a_world, running_story

SNAP = "snap.amazon-ssm-agent.amazon-ssm-agent.service"
# snapd.seeded.service of rehearsal/first_boot/images sleeps for 30 s. A host counts in whole seconds.
SEEDING_SECONDS = 29


def deploy(story: Story) -> str:
    """Returns the output of the host's user data."""
    deploying.bootstrap(story)
    deploying.deploy(story)
    return on_host(story, "cat", "/var/log/cloud-init-output.log")


def on_host(story: Story, *argv: str) -> str:
    return story.world.run_on_host(story.world.hosts()[-1], *argv).stdout


@needs_a_world
def test_a_host_of_debian_12_waits_for_snaps_locks_mirrors_and_the_image_registry() -> None:
    troubles = ("snaps-seeding", "apt-locked", "mirrors-overloaded", "images-refused")
    choices = Choices(host_release="bookworm", troubles=troubles)
    with running_story(choices=choices) as story, playing(story.world, troubles):
        output = deploy(story)
        assert "Debian GNU/Linux 12" in on_host(story, "cat", "/etc/os-release")
        # The seconds since the boot, at the first line of the user data.
        assert int(output.partition("fetching s3://")[0].rpartition("[")[2].split()[0]) >= SEEDING_SECONDS
        assert "Could not get lock" in output
        assert refused(story.world, 503)
        assert refused(story.world, 429)
        assert {"install", "bring-up"} <= set(re.findall(r"(\S+) did not work \(exit code \d+\), trying again", output))
        assert on_host(story, "systemctl", "is-active", SNAP) == "active\n"
        for step in (
            *(front_door.certificate, front_door.first_login, images.push, images.pull_by_tag, images.pull_by_digest),
            *(images.large_layer, users.pull_only_user, users.revoked_user),
        ):
            step(story)


def test_the_package_of_the_agent_brings_its_unit(tmp_path: Path) -> None:
    package = tmp_path / "agent.deb"
    build(package)
    listing = subprocess.run(["dpkg-deb", "--contents", package], capture_output=True, text=True, check=True).stdout
    assert "./usr/lib/systemd/system/amazon-ssm-agent.service" in listing
