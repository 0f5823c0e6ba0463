"""Run Command runs a document that may be run, on the hosts that are meant, and tells what came of it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.cloud import Instance, Ran
from tests.rehearsal.cloud.account import Account, allow, host_stack, running_account, until

DOCUMENT: dict[str, Any] = {
    "schemaVersion": "2.2",
    "parameters": {
        "verb": {"type": "String", "allowedValues": ["diagnose", "repair"]},
        "seconds": {"type": "String", "default": "60"},
    },
    "mainSteps": [
        {
            "name": "ring",
            "action": "aws:runShellScript",
            "inputs": {"runCommand": ["/opt/bin/{{ verb }}"], "timeoutSeconds": "{{ seconds }}"},
        }
    ],
}
TAGGED = [{"Key": "tag:team", "Values": ["registry"]}]
ARNS = "arn:aws:ssm:us-east-1:123456789012:document"


@dataclass(slots=True)
class Agents:
    """ran: instance id, script and seconds of each command."""

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


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with running_account() as running:
        with running.hosts_signal("SUCCESS"):
            running.create("host", host_stack())
        documents = {
            name: {"Type": "AWS::SSM::Document", "Properties": {"Name": name, "Content": DOCUMENT}}
            for name in ("verbs", "others")
        }
        running.create("documents", {"Resources": documents})
        yield running


@pytest.fixture
def agents(account: Account) -> Agents:
    agents = Agents()
    account.cloud.follow_commands(agents)
    return agents


@pytest.fixture
def host(account: Account) -> Instance:
    (instance,) = account.cloud.instances()
    return instance


@pytest.fixture
def doorbell(account: Account) -> Any:
    """Of whom the product lets ring: one document, and hosts with the tag."""
    return account.client_of_user(
        "ssm",
        allow("ssm:SendCommand", f"{ARNS}/verbs"),
        allow(
            "ssm:SendCommand",
            "arn:aws:ec2:us-east-1:123456789012:instance/*",
            StringEquals={"ssm:resourceTag/team": "registry"},
        ),
        allow(["ssm:GetCommandInvocation", "ssm:ListCommandInvocations"], "*"),
    )


def ring(client: Any, verb: str = "diagnose", **request: Any) -> str:
    asked = {"DocumentName": "verbs", "Targets": TAGGED, "Parameters": {"verb": [verb]}, **request}
    return str(client.send_command(**asked)["Command"]["CommandId"])


def ended(client: Any, command: str) -> dict[str, Any]:
    """The one invocation's row, once it is over."""

    def row() -> Any:
        rows = client.list_command_invocations(CommandId=command, Details=True)["CommandInvocations"]
        return [each for each in rows if each["Status"] not in ("Pending", "InProgress", "Delayed")]

    (found,) = until(row)
    answer: dict[str, Any] = found
    return answer


def told(client: Any, command: str, host: Instance) -> dict[str, Any]:
    ended(client, command)
    answer: dict[str, Any] = client.get_command_invocation(CommandId=command, InstanceId=host.id)
    return answer


def test_a_document_is_run_on_the_hosts_with_the_tag(doorbell: Any, agents: Agents, host: Instance) -> None:
    answer = told(doorbell, ring(doorbell), host)
    assert agents.ran == [(host.id, "/opt/bin/diagnose", 60)]
    assert (answer["Status"], answer["ResponseCode"]) == ("Success", 0)
    assert answer["StandardOutputContent"] == "well\n"


def test_a_command_that_fails_tells_its_exit_code(doorbell: Any, agents: Agents, host: Instance) -> None:
    agents.output = lambda: Ran("", "broken\n", 3)
    answer = told(doorbell, ring(doorbell), host)
    assert (answer["Status"], answer["ResponseCode"]) == ("Failed", 3)
    assert answer["StandardErrorContent"] == "broken\nfailed to run commands: exit status 3"


@pytest.mark.parametrize(
    "parameters", [{"verb": ["reboot; rm"]}, {}, {"verb": ["diagnose"], "shell": ["sh"]}]
)
def test_a_document_takes_only_what_it_allows(
    doorbell: Any, agents: Agents, parameters: dict[str, list[str]]
) -> None:
    with pytest.raises(ClientError, match="InvalidParameters"):
        ring(doorbell, Parameters=parameters)
    assert agents.ran == []


@pytest.mark.parametrize(
    "request_",
    [
        {"DocumentName": "others"},
        {"DocumentName": "AWS-RunShellScript", "Parameters": {"commands": ["id"]}},
        {"Targets": [{"Key": "tag:team", "Values": ["somebody-else"]}]},
        {"Targets": [{"Key": "tag-key", "Values": ["team"]}]},
    ],
)
def test_a_doorbell_rings_nowhere_else(doorbell: Any, agents: Agents, request_: dict[str, Any]) -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        ring(doorbell, **request_)
    assert agents.ran == []


def test_a_host_whose_tag_is_gone_is_not_rung(
    account: Account, doorbell: Any, agents: Agents, host: Instance
) -> None:
    ec2 = account.client("ec2")
    ec2.delete_tags(Resources=[host.id], Tags=[{"Key": "team"}])
    try:
        with pytest.raises(ClientError, match="AccessDenied"):
            ring(doorbell, Targets=[{"Key": "InstanceIds", "Values": [host.id]}])
        command = ring(doorbell)
        states = until(lambda: done(account.client("ssm"), command))
    finally:
        ec2.create_tags(Resources=[host.id], Tags=[{"Key": "team", "Value": "registry"}])
    assert (states["Status"], states["StatusDetails"]) == ("Success", "NoInstancesInTag")
    assert agents.ran == []


def done(client: Any, command: str) -> dict[str, Any] | None:
    (row,) = client.list_commands(CommandId=command)["Commands"]
    return row if row["Status"] not in ("Pending", "InProgress") else None


def test_output_is_cut_where_systems_manager_cuts_it(doorbell: Any, agents: Agents, host: Instance) -> None:
    agents.output = lambda: Ran("o" * 30_000, "e" * 30_000, 0)
    command = ring(doorbell)
    answer = told(doorbell, command, host)
    assert [len(answer[f"Standard{each}Content"]) for each in ("Output", "Error")] == [24_000, 8_000]
    assert answer["StandardOutputContent"].endswith("--output truncated--")
    (plugin,) = ended(doorbell, command)["CommandPlugins"]
    assert len(plugin["Output"]) == 2_500


def test_output_that_fits_is_whole(doorbell: Any, agents: Agents, host: Instance) -> None:
    agents.output = lambda: Ran("o" * 24_000, "e" * 8_000, 0)
    answer = told(doorbell, ring(doorbell), host)
    assert answer["StandardOutputContent"] == "o" * 24_000
    assert answer["StandardErrorContent"] == "e" * 8_000


def test_a_command_that_takes_too_long_times_out(doorbell: Any, agents: Agents, host: Instance) -> None:
    agents.output = lambda: Ran("half", "", None)
    answer = told(doorbell, ring(doorbell), host)
    assert (answer["Status"], answer["StatusDetails"]) == ("TimedOut", "ExecutionTimedOut")


def test_a_host_that_does_not_answer_in_time_is_not_run_later(
    account: Account, doorbell: Any, agents: Agents
) -> None:
    agents.silent = True
    command = ring(doorbell)
    until(lambda: delayed(doorbell, command))
    # Thirty seconds are the least that SendCommand takes.
    account.cloud._engines.commands.all[command].expires_at = datetime.now(UTC)
    answer = ended(doorbell, command)
    assert (answer["Status"], answer["StatusDetails"]) == ("TimedOut", "DeliveryTimedOut")
    agents.silent = False
    assert agents.ran == []


def delayed(client: Any, command: str) -> bool:
    rows = client.list_command_invocations(CommandId=command)["CommandInvocations"]
    return [each["Status"] for each in rows] == ["Delayed"]


def test_a_host_nobody_manages_is_refused_by_its_id(account: Account, agents: Agents) -> None:
    with pytest.raises(ClientError, match="InvalidInstanceId"):
        ring(account.client("ssm"), Targets=[], InstanceIds=["mi-00000000000000000"])
    assert agents.ran == []


def test_a_host_that_goes_while_it_is_rung_is_undeliverable(
    account: Account, doorbell: Any, agents: Agents, host: Instance
) -> None:
    agents.silent = True
    command = ring(doorbell)
    until(lambda: delayed(doorbell, command))
    account.client("ec2").terminate_instances(InstanceIds=[host.id])
    answer = ended(doorbell, command)
    assert (answer["Status"], answer["StatusDetails"]) == ("Failed", "Undeliverable")
    assert agents.ran == []
