"""Commands to the hosts: every way in which Systems Manager can end them."""

from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from lambdas.see.run_command import Delivery, Doorbell, Output, Reply, ask
from tests.support.fake_aws import refusal

DOORBELL = Doorbell("Verbs", "registry.example.com")
WAIT_SECONDS = 45


@dataclass
class Ssm:
    """``polls`` are the answers of ListCommandInvocations, one after the other. The last stays."""

    polls: list[dict[str, tuple[str, str]]]
    refused: str = ""
    sent: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0

    def send_command(self, **request: Any) -> dict[str, Any]:
        if self.refused:
            raise refusal(self.refused)
        self.sent.append(request)
        return {"Command": {"CommandId": "c-1"}}

    def list_command_invocations(self, **_request: str) -> dict[str, Any]:
        states = self.polls.pop(0) if len(self.polls) > 1 else self.polls[0]
        found = [
            {"InstanceId": host, "Status": status, "StatusDetails": details}
            for host, (status, details) in states.items()
        ]
        return {"CommandInvocations": found}

    def get_command_invocation(self, **request: str) -> dict[str, Any]:
        host = request["InstanceId"]
        status, _ = self.polls[0][host]
        return {"Status": status, "StandardOutputContent": f"said by {host}", "StandardErrorContent": ""}

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


def rung(ssm: Ssm, verb: str = "diagnose") -> Reply:
    return ask(cast(Any, ssm), DOORBELL, verb, wait_seconds=WAIT_SECONDS, clock=lambda: ssm.seconds, sleep=ssm.sleep)


DONE, FAILED = ("Success", "Success"), ("Failed", "Failed")
PENDING, RUNNING = ("Pending", "Pending"), ("InProgress", "InProgress")


def test_one_verb_of_the_document_goes_to_the_hosts_with_the_tag() -> None:
    ssm = Ssm([{"i-1": DONE}])
    rung(ssm)
    assert ssm.sent == [
        {
            "DocumentName": "Verbs",
            "Parameters": {"verb": ["diagnose"]},
            "Targets": [{"Key": "tag:registry:domain", "Values": ["registry.example.com"]}],
            "TimeoutSeconds": 30,
            "MaxConcurrency": "100%",
        }
    ]


def test_two_hosts_renew_one_after_the_other() -> None:
    ssm = Ssm([{"i-1": DONE, "i-2": DONE}])
    rung(ssm, "renew-certificate")
    assert ssm.sent[0]["MaxConcurrency"] == "1"


@pytest.mark.parametrize(
    ("polls", "delivery"),
    [
        ([{}, {"i-1": PENDING}, {"i-1": RUNNING}, {"i-1": DONE}], Delivery.ANSWERED),
        ([{"i-1": FAILED}], Delivery.ANSWERED),
        ([{"i-1": DONE, "i-2": FAILED}], Delivery.ANSWERED),
        ([{}], Delivery.NO_HOST),
        ([{"i-1": PENDING}], Delivery.UNDELIVERED),
        ([{"i-1": ("TimedOut", "DeliveryTimedOut")}], Delivery.UNDELIVERED),
        ([{"i-1": ("Failed", "Undeliverable")}], Delivery.UNDELIVERED),
        ([{"i-1": RUNNING}], Delivery.TIMED_OUT),
        ([{"i-1": ("TimedOut", "ExecutionTimedOut")}], Delivery.TIMED_OUT),
        ([{"i-1": ("A status of next year", "")}], Delivery.UNDELIVERED),
    ],
)
def test_every_command_ends_in_time_with_a_named_delivery(
    polls: list[dict[str, tuple[str, str]]], delivery: Delivery
) -> None:
    ssm = Ssm(polls)
    assert rung(ssm).delivery == delivery
    assert ssm.seconds <= WAIT_SECONDS + 1


def test_a_hanging_host_does_not_hide_the_answer_of_another() -> None:
    assert rung(Ssm([{"i-1": DONE, "i-2": RUNNING}])).outputs == (Output("i-1", True, "said by i-1", ""),)


@pytest.mark.parametrize("states", [{"i-1": DONE, "i-2": RUNNING}, {"i-1": PENDING, "i-2": PENDING}])
def test_a_reply_names_the_hosts_that_were_asked(states: dict[str, tuple[str, str]]) -> None:
    assert rung(Ssm([states])).asked == ("i-1", "i-2")


def test_a_throttled_command_says_nothing_about_the_host() -> None:
    delivery = rung(Ssm([{}], refused="ThrottlingException")).delivery
    assert (delivery, delivery.is_silence) == (Delivery.THROTTLED, False)


def test_a_refused_command_raises() -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        rung(Ssm([{}], refused="AccessDeniedException"))
