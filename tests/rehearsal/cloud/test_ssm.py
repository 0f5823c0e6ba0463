"""Run Command runs a document on the hosts with the tag, and reports how it ended."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.cloud.ec2.observed import Instance
from rehearsal.cloud.ssm.commands import Ran
from tests.support.cloud_account import Account, allow, running_account
from tests.support.cloud_agents import MAY_RING_HOSTS, TAGGED, Agents, create_documents
from tests.support.waiting import until

VERBS = "arn:aws:ssm:us-east-1:123456789012:document/verbs"
ANSWERS = ["ssm:GetCommandInvocation", "ssm:ListCommandInvocations"]


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with running_account() as running:
        running.create_host()
        create_documents(running, "verbs", "others")
        yield running


@pytest.fixture
def doorbell(account: Account) -> Any:
    """A client with the rights of the product: one document, and hosts with the tag."""
    return account.client_of_user("ssm", allow("ssm:SendCommand", VERBS), MAY_RING_HOSTS, allow(ANSWERS, "*"))


def ring(client: Any, verb: str = "diagnose", **request: Any) -> str:
    asked = {"DocumentName": "verbs", "Targets": TAGGED, "Parameters": {"verb": [verb]}, **request}
    return str(client.send_command(**asked)["Command"]["CommandId"])


def ended(client: Any, command: str) -> Any:
    """The one invocation's row, once it is over."""

    def row() -> Any:
        rows = client.list_command_invocations(CommandId=command, Details=True)["CommandInvocations"]
        return [each for each in rows if each["Status"] not in ("Pending", "InProgress", "Delayed")]

    (found,) = until(row)
    return found


def told(client: Any, command: str, host: Instance) -> Any:
    ended(client, command)
    return client.get_command_invocation(CommandId=command, InstanceId=host.id)


def test_a_document_is_run_on_the_hosts_with_the_tag(doorbell: Any, agents: Agents, host: Instance) -> None:
    answer = told(doorbell, ring(doorbell), host)
    assert agents.ran == [(host.id, "/opt/bin/diagnose", 60)]
    assert (answer["Status"], answer["ResponseCode"]) == ("Success", 0)
    assert answer["StandardOutputContent"] == "well\n"


def test_a_failed_command_reports_its_exit_code(doorbell: Any, agents: Agents, host: Instance) -> None:
    agents.output = lambda: Ran("", "broken\n", 3)
    answer = told(doorbell, ring(doorbell), host)
    assert (answer["Status"], answer["ResponseCode"]) == ("Failed", 3)
    assert answer["StandardErrorContent"] == "broken\nfailed to run commands: exit status 3"


@pytest.mark.parametrize("parameters", [{"verb": ["reboot; rm"]}, {}, {"verb": ["diagnose"], "shell": ["sh"]}])
def test_a_document_refuses_parameters_that_it_does_not_allow(doorbell: Any, agents: Agents, parameters: Any) -> None:
    with pytest.raises(ClientError, match="InvalidParameters"):
        ring(doorbell, Parameters=parameters)
    assert agents.ran == []


@pytest.mark.parametrize(
    "other",
    [
        {"DocumentName": "others"},
        {"DocumentName": "AWS-RunShellScript", "Parameters": {"commands": ["id"]}},
        {"Targets": [{"Key": "tag:team", "Values": ["somebody-else"]}]},
        {"Targets": [{"Key": "tag-key", "Values": ["team"]}]},
    ],
)
def test_the_products_rights_reach_no_other_document_or_host(doorbell: Any, agents: Agents, other: Any) -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        ring(doorbell, **other)
    assert agents.ran == []


def test_an_untagged_host_gets_no_command(account: Account, doorbell: Any, agents: Agents, host: Instance) -> None:
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


def test_a_command_to_a_silent_host_times_out_and_never_runs(account: Account, doorbell: Any, agents: Agents) -> None:
    agents.silent = True
    command = ring(doorbell)
    until(lambda: delayed(doorbell, command))
    # Thirty seconds are the least that SendCommand takes.
    account.cloud.engines.commands.all[command].expires_at = datetime.now(UTC)
    answer = ended(doorbell, command)
    assert (answer["Status"], answer["StatusDetails"]) == ("TimedOut", "DeliveryTimedOut")
    agents.silent = False
    assert agents.ran == []


def delayed(client: Any, command: str) -> bool:
    rows = client.list_command_invocations(CommandId=command)["CommandInvocations"]
    return [each["Status"] for each in rows] == ["Delayed"]


def test_the_connection_of_an_agent_is_shown(account: Account, agents: Agents, host: Instance) -> None:
    seen = []
    for agents.silent in (False, True):
        seen.append(account.client("ssm").get_connection_status(Target=host.id)["Status"])
    assert seen == ["connected", "notconnected"]


def test_an_unmanaged_host_is_refused_by_its_id(account: Account, agents: Agents) -> None:
    with pytest.raises(ClientError, match="InvalidInstanceId"):
        ring(account.client("ssm"), Targets=[], InstanceIds=["mi-00000000000000000"])
    assert agents.ran == []


def test_a_terminated_host_is_undeliverable(account: Account, doorbell: Any, agents: Agents, host: Instance) -> None:
    agents.silent = True
    command = ring(doorbell)
    until(lambda: delayed(doorbell, command))
    account.client("ec2").terminate_instances(InstanceIds=[host.id])
    answer = ended(doorbell, command)
    assert (answer["Status"], answer["StatusDetails"]) == ("Failed", "Undeliverable")
    assert agents.ran == []
