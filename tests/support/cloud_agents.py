"""SSM agents in an emulated account that answer what a test wants, and the document that they run."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from rehearsal.cloud.ssm.commands import Ran
from tests.support.cloud_account import Account, allow, resource

RUN = {"runCommand": ["/opt/bin/{{ verb }}"], "timeoutSeconds": "{{ seconds }}"}
DOCUMENT: dict[str, Any] = {
    "schemaVersion": "2.2",
    "parameters": {
        "verb": {"type": "String", "allowedValues": ["diagnose", "repair"]},
        "seconds": {"type": "String", "default": "60"},
    },
    "mainSteps": [{"name": "ring", "action": "aws:runShellScript", "inputs": RUN}],
}
TAGGED = [{"Key": "tag:team", "Values": ["registry"]}]
HOSTS = "arn:aws:ec2:us-east-1:123456789012:instance/*"
MAY_RING_HOSTS = allow("ssm:SendCommand", HOSTS, StringEquals={"ssm:resourceTag/team": "registry"})


@dataclass(slots=True)
class Agents:
    """``ran``: instance id, script and seconds of each command."""

    output: Callable[[], Ran] = lambda: Ran("well\n", "", 0)
    silent: bool = False
    ran: list[tuple[str, str, int]] = field(default_factory=list)

    def is_registered(self, instance_id: str) -> bool:
        return instance_id.startswith("i-")

    def answers(self, instance_id: str) -> bool:
        return instance_id.startswith("i-") and not self.silent

    def run(self, instance_id: str, argv: Sequence[str], timeout_seconds: int) -> Ran:
        self.ran.append((instance_id, argv[-1], timeout_seconds))
        return self.output()


def create_documents(account: Account, *names: str) -> None:
    documents = {name: resource("AWS::SSM::Document", Name=name, Content=DOCUMENT) for name in names}
    account.create("documents", {"Resources": documents})
