"""Asks the hosts of a registry to run one verb, and waits for their answers, but not for ever."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from lambdas.aws.errors import error_code

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

HOST_TAG = "registry:domain"
# The shortest that Systems Manager takes. A host that has not fetched the command by then never gets it.
DELIVERY_SECONDS = 30
# How long the health check and the doctor wait for the verb diagnose.
DIAGNOSIS_SECONDS = 45
# Systems Manager looks for the hosts with the tag after it has accepted the command.
_TARGETS_SECONDS = 20
_PAUSE_SECONDS = 0.5
# Two hosts at once would ask the certificate authority twice. The second finds what the first has saved.
_ONE_AFTER_THE_OTHER = {"renew-certificate"}
_THROTTLED = {"ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded"}
_UNDER_WAY = {"Pending", "InProgress", "Delayed", "Cancelling"}
_NEVER_ARRIVED = {"Undeliverable", "DeliveryTimedOut", "Terminated", "InvalidPlatform", "AccessDenied"}


class Delivery(StrEnum):
    ANSWERED = "answered"
    NO_HOST = "no host has the tag"
    UNDELIVERED = "not delivered"
    TIMED_OUT = "no answer in time"
    THROTTLED = "throttled"

    @property
    def is_silence(self) -> bool:
        """The hosts were asked and none answered. A throttled command says nothing about the hosts."""
        return self not in (Delivery.ANSWERED, Delivery.THROTTLED)


@dataclass(frozen=True, slots=True)
class Output:
    instance_id: str
    succeeded: bool
    stdout: str
    stderr: str


@dataclass(frozen=True, slots=True)
class Reply:
    delivery: Delivery
    outputs: tuple[Output, ...] = ()
    asked: tuple[str, ...] = ()
    """The hosts that Systems Manager knows, whether they answered or not."""


# As ``ask`` is called; tests give their own.
Ring = Callable[..., Reply]


@dataclass(frozen=True, slots=True)
class Doorbell:
    """The SSM document, and the registry on whose hosts it runs."""

    document_name: str
    domain_name: str


def ask(
    ssm: "SSMClient",
    doorbell: Doorbell,
    verb: str,
    *,
    wait_seconds: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Reply:
    """Run a verb on every host, and wait until all have answered or the time is over.

    Raises:
        ClientError: Systems Manager refused, other than by throttling.
    """
    began = clock()
    try:
        command_id = ssm.send_command(
            DocumentName=doorbell.document_name,
            Parameters={"verb": [verb]},
            Targets=[{"Key": f"tag:{HOST_TAG}", "Values": [doorbell.domain_name]}],
            TimeoutSeconds=DELIVERY_SECONDS,
            MaxConcurrency="1" if verb in _ONE_AFTER_THE_OTHER else "100%",
        )["Command"]["CommandId"]
        while True:
            sleep(_PAUSE_SECONDS)
            waited = clock() - began
            found = ssm.list_command_invocations(CommandId=command_id)["CommandInvocations"]
            states = {each["InstanceId"]: (each["Status"], each.get("StatusDetails", "")) for each in found}
            if not states and waited >= min(_TARGETS_SECONDS, wait_seconds):
                return Reply(Delivery.NO_HOST)
            under_way = any(status in _UNDER_WAY for status, _ in states.values())
            if (states and not under_way) or waited >= wait_seconds:
                return _reply(ssm, command_id, states)
    except ClientError as error:
        if error_code(error) in _THROTTLED:
            return Reply(Delivery.THROTTLED)
        raise


def _reply(ssm: "SSMClient", command_id: str, states: Mapping[str, tuple[str, str]]) -> Reply:
    answered = [
        instance_id
        for instance_id, (status, details) in states.items()
        if status in ("Success", "Failed") and details not in _NEVER_ARRIVED
    ]
    if answered:
        return Reply(Delivery.ANSWERED, tuple(_output(ssm, command_id, each) for each in answered), tuple(states))
    # A host that starts a command and does not end it has another fault than a host that never took the command.
    begun = any(
        status in ("InProgress", "TimedOut", "Cancelled") and details not in _NEVER_ARRIVED
        for status, details in states.values()
    )
    return Reply(Delivery.TIMED_OUT if begun else Delivery.UNDELIVERED, asked=tuple(states))


def _output(ssm: "SSMClient", command_id: str, instance_id: str) -> Output:
    said = ssm.get_command_invocation(CommandId=command_id, InstanceId=instance_id)
    return Output(
        instance_id,
        said["Status"] == "Success",
        said.get("StandardOutputContent", ""),
        said.get("StandardErrorContent", ""),
    )
