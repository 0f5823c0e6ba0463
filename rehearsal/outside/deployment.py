"""The person's side of a deployment: the real ``cdk`` command line, run as README.md says."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]

# Answers to what the CDK would otherwise print or send; none of them changes a template.
QUIET = {
    "AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED": "true",
    "CDK_DISABLE_CLI_TELEMETRY": "true",
    "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "true",
    "NO_COLOR": "1",
}


# Of the events, a person wants to see what is done, and what the deployment waits for.
NOISE = re.compile(r"_IN_PROGRESS(?!.*AutoScalingGroup)|Resource creation Initiated|AWS::CDK::Metadata")


class DeploymentError(Exception):
    """``cdk`` ended with an exit code other than 0; the text is what it printed."""


@dataclass(frozen=True, slots=True)
class Account:
    """Where the person's ``cdk`` and ``aws`` commands go, and as whom."""

    endpoint_url: str
    region: str
    account_id: str
    access_key_id: str
    secret_access_key: str

    def environment(self) -> dict[str, str]:
        """The standard variables of the AWS SDKs."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
        }


@dataclass(frozen=True, slots=True)
class Cdk:
    """The ``cdk`` command line against one account; ``settings`` become ``-c key=value``.

    It runs inside the world (``in_world`` makes the argument vector that enters it), and so ends with it.
    """

    in_world: Callable[[Sequence[str]], list[str]]
    account: Account
    output: Path
    settings: Mapping[str, str]
    say: Callable[[str], None]

    def bootstrap(self) -> None:
        """``cdk bootstrap``: what an account needs once before any deployment."""
        self._run("bootstrap", f"aws://{self.account.account_id}/{self.account.region}")

    def deploy(self, **changed_settings: str) -> dict[str, str]:
        """``cdk deploy --all``; returns the outputs of all stacks by name.

        Raises:
            DeploymentError: the deployment failed.
        """
        outputs = self.output / "outputs.json"
        self._run(
            "deploy",
            "--all",
            "--require-approval=never",
            "--progress=events",
            f"--outputs-file={outputs}",
            **changed_settings,
        )
        stacks: dict[str, dict[str, str]] = json.loads(outputs.read_text())
        return {name: value for stack in stacks.values() for name, value in stack.items()}

    def destroy(self) -> None:
        """``cdk destroy --all``, without asking.

        Raises:
            DeploymentError: a stack refused, as one with termination protection does.
        """
        self._run("destroy", "--all", "--force")

    def _run(self, *arguments: str, **changed_settings: str) -> None:
        settings = {**self.settings, **changed_settings}
        context = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        command = ["npx", "--no-install", "cdk", *arguments, *context, f"--output={self.output / 'cdk.out'}"]
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        binaries = Path(sys.executable).parent
        environment = {
            **inherited,
            **QUIET,
            **self.account.environment(),
            "PATH": f"{binaries}:{os.environ['PATH']}",
        }
        printed = []
        with subprocess.Popen(
            self.in_world(command),
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
        ) as process:
            for line in process.stdout or ():
                printed.append(line)
                if line.strip() and not NOISE.search(line):
                    self.say(line.rstrip())
        if process.returncode:
            raise DeploymentError("".join(printed))
