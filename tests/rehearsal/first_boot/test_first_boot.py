"""Hosts whose first boot is troubled, or that are older: each serves in the end, within the time of the deployment."""

import subprocess
from pathlib import Path

from rehearsal.contract.order import Choices
from rehearsal.first_boot.agent_package import build
from rehearsal.first_boot.troubles import playing, refused
from rehearsal.story import deploying, front_door, images, users
from rehearsal.story.step import Story
from tests.support.world import needs_a_world, running_story


def deploy(story: Story) -> str:
    """Returns the output of the host's user data."""
    deploying.bootstrap(story)
    deploying.deploy(story)
    return on_host(story, "cat", "/var/log/cloud-init-output.log")


def on_host(story: Story, *argv: str) -> str:
    return story.world.run_on_host(story.world.hosts()[-1], *argv).stdout


@needs_a_world
def test_a_host_of_debian_12_waits_for_locks_mirrors_and_the_image_registry_and_brings_its_agent() -> None:
    troubles = ("apt-locked", "mirrors-overloaded", "images-refused", "no-agent")
    choices = Choices(host_release="bookworm", troubles=troubles)
    with running_story(choices=choices) as story, playing(story.world, troubles):
        output = deploy(story)
        assert "Debian GNU/Linux 12" in on_host(story, "cat", "/etc/os-release")
        assert refused(story.world, 503)
        assert refused(story.world, 429)
        assert "Could not get lock" in output
        assert "amazon-ssm-agent" in on_host(story, "dpkg-query", "--show", "amazon-ssm-agent")
        for step in (
            *(front_door.certificate, front_door.first_login, images.push, images.pull_by_tag, images.pull_by_digest),
            *(images.large_layer, users.pull_only_user, users.revoked_user),
        ):
            step(story)


@needs_a_world
def test_a_host_counts_its_time_from_the_boot_and_uses_the_agent_that_ubuntu_installs() -> None:
    troubles = ("snaps-seeding",)
    with running_story(choices=Choices(troubles=troubles)) as story, playing(story.world, troubles):
        first_line = deploy(story).partition("fetching s3://")[0].rpartition("[")[2]
        assert int(first_line.split()[0]) >= 85
        unit = "snap.amazon-ssm-agent.amazon-ssm-agent.service"
        assert on_host(story, "systemctl", "is-active", unit) == "active\n"


def test_the_package_of_the_agent_brings_its_unit(tmp_path: Path) -> None:
    package = tmp_path / "agent.deb"
    build(package)
    listing = subprocess.run(["dpkg-deb", "--contents", package], capture_output=True, text=True, check=True).stdout
    assert "./usr/lib/systemd/system/amazon-ssm-agent.service" in listing
