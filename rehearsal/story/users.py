"""Steps with users of the registry: a person puts or deletes a parameter, and the event alone tells the hosts."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rehearsal.contract import product
from rehearsal.machine.oci_layout import REFERENCE
from rehearsal.machine.registry_image import architecture
from rehearsal.outside.client import CommandFailedError
from rehearsal.story.images import same_layers
from rehearsal.story.step import StepFailedError, Story, expect

READER = "cluster"
PASSWORD = f"pull-only-{architecture()}"
LOOK_AGAIN_SECONDS = 0.2
LIVE_WITHIN_SECONDS = 20
OUT_WITHIN_SECONDS = 60


def wrong_password(story: Story) -> str:
    status = story.client.status_of(f"https://{story.domain}/v2/", user=f"{product.FIRST_USER}:not-the-password")
    anonymous = story.client.status_of(f"https://{story.domain}/v2/", user=None)
    expect((status, anonymous) == (401, 401), "401 for a wrong password and for none", (status, anonymous))
    return "a wrong password gets 401, and so does none"


def pull_only_user(story: Story) -> str:
    seconds = _add_puller(story, READER, PASSWORD)
    credentials = f"{READER}:{PASSWORD}"
    image = f"docker://{story.domain}/demo:1.0"
    story.client.run("skopeo", "copy", "--src-creds", credentials, image, f"oci:as-reader:{REFERENCE}")
    same_layers(story, "as-reader")
    try:
        image = f"docker://{story.domain}/forbidden:1"
        story.client.run("skopeo", "copy", "--dest-creds", credentials, f"oci:small:{REFERENCE}", image)
    except CommandFailedError as refused:
        expect(bool(re.search(r"unauthorized|denied|403|401", str(refused), re.IGNORECASE)), "a refusal", refused)
        return (
            f"{READER} could log in {seconds:.1f} s after aws ssm put-parameter began, by its event alone;"
            " pulls demo:1.0, and is refused a push"
        )
    raise StepFailedError(f"expected a refusal, but {READER} may only pull, and pushed an image")


def revoked_user(story: Story) -> str:
    seconds = _revoke_puller(story, READER, PASSWORD)
    return (
        f"{READER}, whose login was cached, was out {seconds:.1f} s after aws ssm delete-parameter began,"
        " by its event alone"
    )


def _add_puller(story: Story, name: str, password: str) -> float:
    """Returns the seconds from the command's beginning until the user could log in."""
    with _timers_stopped(story):
        began = time.monotonic()
        story.client.run(
            "aws", "ssm", "put-parameter", "--type", "SecureString", "--value", password,
            "--name", _parameter(story, name),
        )  # fmt: skip
        return _await_status(story, f"{name}:{password}", 200, began, LIVE_WITHIN_SECONDS)


def _revoke_puller(story: Story, name: str, password: str) -> float:
    """Returns the seconds from the command's beginning until the user, with a cached login, was refused."""
    user = f"{name}:{password}"
    with _timers_stopped(story):
        before = _status(story, user)
        expect(before == 200, "200 before the user is revoked", before)
        began = time.monotonic()
        story.client.run("aws", "ssm", "delete-parameter", "--name", _parameter(story, name))
        return _await_status(story, user, 401, began, OUT_WITHIN_SECONDS)


@contextmanager
def _timers_stopped(story: Story) -> Iterator[None]:
    """Without the hosts' own look at the users, which would have the same effect as the event."""
    hosts = story.world.hosts()
    try:
        for host in hosts:
            stopped = story.world.run_on_host(host, "systemctl", "stop", product.USERS_TIMER)
            expect(stopped.returncode == 0, f"{product.USERS_TIMER} to stop", stopped.stderr)
        yield
    finally:
        for host in hosts:
            story.world.run_on_host(host, "systemctl", "start", product.USERS_TIMER)


def _parameter(story: Story, name: str) -> str:
    return product.user_parameter(story.domain, name, access="pull")


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
    """The commands sent to the hosts, and their states."""
    commands = story.world.aws("ssm").list_commands()["Commands"]
    return [f"{each['Parameters']} {each['StatusDetails']}" for each in commands]
