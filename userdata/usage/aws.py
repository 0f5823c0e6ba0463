"""AWS as this host's role, by tools/aws-api."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


class AwsError(Exception):
    """The text is aws-api's own, which names the call and AWS's reason."""


class AbsentError(AwsError):
    """There is no such object."""


class OvertakenError(AwsError):
    """Another host has written the object in the meantime."""


_KINDS = {"NoSuchKey": AbsentError, "HTTP 412": OvertakenError, "HTTP 409": OvertakenError}


@dataclass(frozen=True, slots=True)
class Aws:
    tool: Path

    def call(self, *arguments: str, given: str = "") -> str:
        """
        Raises:
            AwsError: AWS refused, or did not answer.
        """
        done = subprocess.run([self.tool, *arguments], input=given, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return done.stdout
        kind = next((kind for words, kind in _KINDS.items() if words in done.stderr), AwsError)
        raise kind(done.stderr.strip())

    def create_log_stream(self, target: Mapping[str, str]) -> None:
        try:
            self.call("logs", "CreateLogStream", given=json.dumps(target))
        except AwsError as error:
            if "ResourceAlreadyExistsException" not in str(error):
                raise
