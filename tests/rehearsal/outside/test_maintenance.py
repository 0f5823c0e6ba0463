"""A reboot that an upgrade asks for, in the hour that the settings name."""

from datetime import UTC, datetime

from rehearsal.contract import product
from rehearsal.faults import Active
from rehearsal.faults.fault import Target
from rehearsal.story.step import Story
from tests.rehearsal.outside.conftest import wait_until
from tests.support.world import WORKPLACE, needs_a_world

pytestmark = needs_a_world


def test_a_host_reboots_in_its_window_and_serves_again_without_an_alert(story: Story) -> None:
    world = story.world
    (before,) = world.hosts()
    Active(WORKPLACE).begin(world, "reboot-due")
    target = Target(world, before)
    window = datetime.now(UTC).strftime("%a %H:%M")
    target.do("sed", "--in-place", f"s/^MAINTENANCE_WINDOW=.*/MAINTENANCE_WINDOW={window}/", product.HOST_ENV)
    # No client of this world is at work.
    target.do("sed", "--in-place", "s/looks_in_a_row=8/looks_in_a_row=1/", product.AWAIT_QUIET)
    target.do("systemctl", "start", "--no-block", product.MAINTENANCE)
    wait_until(lambda: is_after_a_reboot(story))
    (after,) = world.hosts()
    assert after.id == before.id
    check = world.control.tick("health")
    assert check.result is not None, check.error
    assert check.result["cause"] is None


def is_after_a_reboot(story: Story) -> bool:
    """A reboot takes the note away that it is due."""
    (host,) = story.world.hosts()
    if host.leader_pid is None:
        return False
    due = story.world.run_on_host(host, "test", "-e", product.REBOOT_DUE_SINCE).returncode == 0
    return not due and story.world.serves(host)
