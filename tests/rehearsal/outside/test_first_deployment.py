"""A deployment whose host lacks something at first: it ends when the host has it."""

from rehearsal.story.step import Story
from tests.rehearsal.outside.conftest import ZONES_WITHOUT_TYPE, Deployment, stack_is_complete
from tests.support.world import needs_a_world

pytestmark = needs_a_world


def test_deployment_waits_until_its_host_may_write_to_the_bucket(deployment: Deployment) -> None:
    assert deployment.waited
    assert stack_is_complete(deployment.story.world, "registry-host")


def test_a_host_whose_image_has_no_agent_installs_the_package_of_aws(story: Story) -> None:
    host = story.world.hosts()[0]
    assert "amazon-ssm-agent" in story.world.run_on_host(host, "dpkg-query", "--show", "amazon-ssm-agent").stdout


def test_a_host_starts_where_ec2_has_its_type(story: Story) -> None:
    (found,) = story.world.aws("ec2").describe_instances(InstanceIds=[story.world.hosts()[0].id])["Reservations"]
    assert found["Instances"][0]["Placement"]["AvailabilityZone"] not in ("", *ZONES_WITHOUT_TYPE)
