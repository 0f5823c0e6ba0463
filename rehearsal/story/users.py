"""Users of the registry: a person puts or deletes a parameter, and the hosts hear of it by the event alone."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rehearsal.story.step import Story, expect

# The host's own look, which would come to the same.
TIMER = "registry-users.timer"
LOOK_AGAIN_SECONDS = 0.5
LIVE_WITHIN_SECONDS = 20
OUT_WITHIN_SECONDS = 60


def add_puller(story: Story, name: str, password: str) -> float:
    """Returns the seconds from the command's beginning until the user could log in."""
    with hosts_look_not_by_themselves(story):
        began = time.monotonic()
        story.client.run(
            "aws", "ssm", "put-parameter", "--type", "SecureString", "--value", password,
            "--name", _parameter(story, name),
        )  # fmt: skip
        return _await_status(story, f"{name}:{password}", 200, began, LIVE_WITHIN_SECONDS)


def revoke_puller(story: Story, name: str, password: str) -> float:
    """Returns the seconds from the command's beginning until the user was out, whose login was cached before."""
    user = f"{name}:{password}"
    with hosts_look_not_by_themselves(story):
        before = _status(story, user)
        expect(before == 200, "200 before the user is revoked", before)
        began = time.monotonic()
        story.client.run("aws", "ssm", "delete-parameter", "--name", _parameter(story, name))
        return _await_status(story, user, 401, began, OUT_WITHIN_SECONDS)


@contextmanager
def hosts_look_not_by_themselves(story: Story) -> Iterator[None]:
    hosts = story.world.hosts()
    try:
        for host in hosts:
            stopped = story.world.run_on_host(host, "systemctl", "stop", TIMER)
            expect(stopped.returncode == 0, f"{TIMER} to stop", stopped.stderr)
        yield
    finally:
        for host in hosts:
            story.world.run_on_host(host, "systemctl", "start", TIMER)


def _parameter(story: Story, name: str) -> str:
    return f"/registry/{story.domain}/users/pull/{name}"


def _status(story: Story, user: str) -> int:
    return story.client.status_of(f"https://{story.domain}/v2/", user=user)


def _await_status(story: Story, user: str, wanted: int, began: float, within_seconds: float) -> float:
    while (seen := _status(story, user)) != wanted:
        expect(
            time.monotonic() - began < within_seconds,
            f"{wanted} for {user.partition(':')[0]} within {within_seconds} s",
            f"{seen}; Run Command: {_commands(story)}",
        )
        time.sleep(LOOK_AGAIN_SECONDS)
    return time.monotonic() - began


def _commands(story: Story) -> list[str]:
    """What was asked of the hosts, and what became of it."""
    commands = story.world.aws("ssm").list_commands()["Commands"]
    return [f"{each['Parameters']} {each['StatusDetails']}" for each in commands]
