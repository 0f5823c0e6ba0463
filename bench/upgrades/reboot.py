"""A reboot that has been due for a week, in the window of the settings, with a push under way."""

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from bench import page
from bench.page import Target
from bench.upgrades import slow_push
from rehearsal.contract import product
from rehearsal.contract.mail import Mailbox
from rehearsal.faults import Active, fault
from rehearsal.machine.root_layers import Say
from rehearsal.story import operating
from rehearsal.story.images import pulls_work
from rehearsal.story.step import Story, expect

FAULT = "reboot-due"
BETWEEN_CHECKS = timedelta(minutes=5)
MOST_SECONDS = 200


def in_window(story: Story, say: Say) -> tuple[Mapping[str, str], list[Target]]:
    (host,) = story.world.hosts()
    mailbox = Mailbox(story.world.workplace)
    operating.confirm(story)
    mails = len(mailbox.read())
    Active(story.world.workplace).begin(story.world, FAULT)
    began = datetime.now(UTC)
    before = [_check(story, began, number) for number in (0, 1)]
    boots = _boot(story)
    window = datetime.now(UTC).strftime("%a %H:%M")
    _on_host(story, "sed", "--in-place", f"s/^MAINTENANCE_WINDOW=.*/MAINTENANCE_WINDOW={window}/", product.HOST_ENV)
    push = slow_push.begin(story)
    time.sleep(3)
    _on_host(story, "systemctl", "start", "--no-block", product.MAINTENANCE)
    pushed_how = slow_push.outcome(push)
    pushed = time.monotonic()
    expect(_boot(story) == boots, "no reboot before the end of the push", _boot(story))
    while pulls_work(story):
        expect(time.monotonic() - pushed < MOST_SECONDS, "a reboot", "none")
        time.sleep(0.2)
    down = time.monotonic()
    with ThreadPoolExecutor() as pool:
        checking = pool.submit(_check, story, began, 2)
        while not pulls_work(story):
            expect(time.monotonic() - down < MOST_SECONDS, "pulls to work again", "none")
            time.sleep(0.2)
        served = time.monotonic()
        during = checking.result()
    after = [_check(story, began, number) for number in (3, 4)]
    subjects = [mail.subject.partition("] ")[2] for mail in mailbox.read()[mails:]]
    hosts = story.world.hosts()
    rows = [
        ["mails", "; ".join(subjects)],
        ["the push under way when the window began", pushed_how],
        ["from its end to the reboot, s", f"{down - pushed:.0f}"],
        ["from the first failed pull to the first that works, s", f"{served - down:.1f}"],
        ["health checks before, during and after it", ", ".join((*before, during, *after))],
        ["the host", "the same" if [each.id for each in hosts] == [host.id] else "ANOTHER"],
        ["a reboot is due", _on_host(story, "sh", "-c", "ls /run/reboot-required 2>/dev/null || echo no").strip()],
        ["rebooted again in the same window", "no" if _again(story) else "YES"],
    ]
    Active(story.world.workplace).end(story.world, FAULT)
    targets = [
        Target("a reboot in the window: seconds without service", 60, [served - down], unit=" s"),
        Target("mails that say DOWN about an own reboot", 0, [sum("DOWN" in subject for subject in subjects)]),
    ]
    for row in rows:
        say(" | ".join(row))
    return {"A reboot that was due for a week": page.table(("what", "seen"), rows)}, targets


def _check(story: Story, began: datetime, number: int) -> str:
    """The cause that the health check names."""
    told = story.world.control.tick("health", (began + number * BETWEEN_CHECKS).isoformat())
    return str(told.result["cause"] or "well") if told.result else f"failed: {told.error}"


def _again(story: Story) -> bool:
    """Whether a host whose reboot did not help stays up."""
    _on_host(story, "touch", "/run/reboot-required")
    before = _boot(story)
    _on_host(story, "systemctl", "start", product.MAINTENANCE)
    return _boot(story) == before


def _boot(story: Story) -> str:
    """Each start of the host has another one."""
    return _on_host(story, "systemctl", "show", "--property=UserspaceTimestampMonotonic", "--value").strip()


def _on_host(story: Story, *argv: str) -> str:
    """As it is now: each start of it has another process."""
    return fault.Target.newest(story.world).do(*argv)
