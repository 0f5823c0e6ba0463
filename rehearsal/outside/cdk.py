"""The person's side of a deployment: the real ``cdk`` command line, run as README.md says."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rehearsal.contract.aws_profile import AwsProfile, without_aws
from rehearsal.error import RehearsalError

# What `npx cdk` of README.md starts. npx itself takes a third of a second.
CDK = "node_modules/.bin/cdk"
# Answers to what the CDK would otherwise print or send; none of them changes a template.
QUIET = {
    "AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED": "true",
    "CDK_DISABLE_CLI_TELEMETRY": "true",
    "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "true",
    "NO_COLOR": "1",
    "NODE_OPTIONS": f"--require={Path(__file__).with_name('quick_looks.cjs')}",
}
# Of the events, a person wants to see the finished ones, and the one that the deployment waits for.
NOISE = re.compile(r"_IN_PROGRESS(?!.*AutoScalingGroup)|Resource creation Initiated|AWS::CDK::Metadata")


class CdkFailedError(RehearsalError):
    """``cdk`` ended with an exit code other than 0; the text is its output."""


def environment(profile: AwsProfile) -> dict[str, str]:
    """Of a person's shell: this machine's, with the account's keys, and the project's programs first."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return {**without_aws(os.environ), **QUIET, **profile.environment(), "PATH": path}


@dataclass(frozen=True, slots=True)
class Cdk:
    """The ``cdk`` command line against one account; ``settings`` become ``-c key=value``. It runs inside the world,
    and ends with it: ``in_world`` makes the argument vector that enters the world."""

    in_world: Callable[[Sequence[str]], list[str]]
    profile: AwsProfile
    output: Path
    settings: Mapping[str, str]
    say: Callable[[str], None]

    def bootstrap(self, region: str = "") -> None:
        """Of the profile's region, or of another."""
        self._run("bootstrap", f"aws://{self.profile.account_id}/{region or self.profile.region}")

    def deploy(self, **changed_settings: str) -> dict[str, str]:
        """``cdk deploy --all``; returns the outputs of all stacks by name. Raises CdkFailedError: the deployment
        failed."""
        outputs = self.output / "outputs.json"
        options = ("--require-approval=never", "--progress=events", f"--outputs-file={outputs}")
        self._run("deploy", "--all", *options, **changed_settings)
        stacks: dict[str, dict[str, str]] = json.loads(outputs.read_text())
        return {name: value for stack in stacks.values() for name, value in stack.items()}

    def revert_drift(self, *stacks: str) -> None:
        """``cdk deploy --revert-drift``: what was changed outside of CloudFormation is again as the template has it.
        Raises CdkFailedError: the deployment failed."""
        self._run("deploy", "--revert-drift", *stacks, "--require-approval=never", "--progress=events")

    def destroy(self) -> None:
        """``cdk destroy --all``, without asking. Raises CdkFailedError: a stack refused, as one with termination
        protection does."""
        self._run("destroy", "--all", "--force")

    def _run(self, *arguments: str, **changed_settings: str) -> None:
        settings = {**self.settings, **changed_settings}
        context = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        command = [CDK, *arguments, *context, f"--output={self.output / 'cdk.out'}"]
        printed = []
        with subprocess.Popen(
            self.in_world(command),
            env=environment(self.profile),
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
            raise CdkFailedError("".join(printed))
