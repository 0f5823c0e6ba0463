"""A push of one layer that lasts 20 seconds, and that no client tries again: whatever cuts it shows."""

import subprocess
from pathlib import Path

from rehearsal.story.step import Story

SCRIPT = Path(__file__).with_name("push.bash")
SIZE_BYTES, BYTES_A_SECOND = 8_000_000, 400_000


def begin(story: Story) -> subprocess.Popen[str]:
    story.client.curl(f"https://{story.domain}/v2/")
    (story.client.work / SCRIPT.name).write_text(SCRIPT.read_text())
    command = ["bash", SCRIPT.name, story.domain, str(SIZE_BYTES), str(BYTES_A_SECOND)]
    return subprocess.Popen(story.client.command(command), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def outcome(push: subprocess.Popen[str], timeout_seconds: float = 90) -> str:
    """Once it has ended."""
    said, _ = push.communicate(timeout=timeout_seconds)
    return "succeeded" if push.returncode == 0 else f"failed: {' '.join(said.split()[-12:])}"
