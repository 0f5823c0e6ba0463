"""The one host of the rehearsal that is up."""

from rehearsal.error import RehearsalError
from rehearsal.story.step import Story

TIMEOUT_SECONDS = 400


def on_host(story: Story, *argv: str) -> str:
    """Run a command there; returns its output. Raises RehearsalError: it failed."""
    (host,) = story.world.hosts()
    done = story.world.run_on_host(host, *argv, timeout_seconds=TIMEOUT_SECONDS)
    if done.returncode:
        raise RehearsalError(f"{' '.join(argv)} on {host.id}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout
