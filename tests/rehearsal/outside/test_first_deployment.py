"""A deployment whose host lacks something at first: it ends when the host has it."""

from rehearsal.story.step import Story
from tests.rehearsal.outside.conftest import Deployment, stack_is_complete
from tests.support.world import needs_a_world

pytestmark = needs_a_world


def test_deployment_waits_until_its_host_may_write_to_the_bucket(deployment: Deployment) -> None:
    assert deployment.waited
    assert stack_is_complete(deployment.story.world, "registry-host")


def test_a_host_whose_image_has_no_agent_installs_the_package_of_aws(story: Story) -> None:
    host = story.world.hosts()[0]
    assert "amazon-ssm-agent" in story.world.run_on_host(host, "dpkg-query", "--show", "amazon-ssm-agent").stdout
