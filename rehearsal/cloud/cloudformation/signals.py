"""CloudFormation's SignalResource: accepting signals, and waiting for enough of them."""

import math
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Condition
from typing import Any

_DURATION = re.compile(r"^PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?$")


class SignalRefusedError(Exception):
    pass


class NotSignalledError(Exception):
    """The reason CloudFormation gives in the stack event."""


class StoppedError(Exception):
    """The cloud goes away while a deployment waits."""


@dataclass(frozen=True, slots=True)
class SignalPolicy:
    count: int
    timeout_seconds: float
    min_successful_percent: int

    @property
    def needed(self) -> int:
        return math.ceil(self.count * self.min_successful_percent / 100)


@dataclass(slots=True)
class Desk:
    """Takes the signals of one resource while it is being created or updated."""

    received: dict[str, str] = field(default_factory=dict)
    announce: Callable[[str], None] = lambda _text: None

    def accept(self, unique_id: str, status: str) -> None:
        # CloudFormation lets a host take its SUCCESS back, and nothing else.
        if unique_id in self.received and status != "FAILURE":
            raise SignalRefusedError(
                f"Signal with ID {unique_id} already exists. Signals may only be updated with a FAILURE status."
            )
        self.received[unique_id] = status
        self.announce(f"Received {status} signal with UniqueId {unique_id}")


def seconds_of(duration: str) -> float:
    """Seconds of an ISO 8601 duration as CloudFormation writes it: PT20M, PT1H30M."""
    found = _DURATION.match(duration)
    if not found or duration == "PT":
        raise ValueError(f"{duration!r} is no duration such as PT20M")
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return hours * 3600 + minutes * 60 + seconds


def creation_policy(definition: Mapping[str, Any]) -> SignalPolicy | None:
    policy = definition.get("CreationPolicy", {})
    if "ResourceSignal" not in policy:
        return None
    return SignalPolicy(
        count=int(policy["ResourceSignal"].get("Count", 1)),
        timeout_seconds=seconds_of(policy["ResourceSignal"].get("Timeout", "PT5M")),
        min_successful_percent=int(
            policy.get("AutoScalingCreationPolicy", {}).get("MinSuccessfulInstancesPercent", 100)
        ),
    )


@dataclass(slots=True)
class SignalWait:
    """One resource's desk, and the world's lock that is given back while waiting."""

    world: Condition
    desk: Desk
    stopping: Callable[[], bool]

    def wait(self, policy: SignalPolicy, counts: Callable[[str], bool], on_timeout: Callable[[int], Exception]) -> None:
        """Until enough signals whose unique id counts are in; NotSignalledError when that became impossible.
        on_timeout gets how many are missing, and returns the reason."""
        deadline = time.monotonic() + policy.timeout_seconds
        while True:
            statuses = [status for unique_id, status in self.desk.received.items() if counts(unique_id)]
            successes, failures = statuses.count("SUCCESS"), statuses.count("FAILURE")
            if successes >= policy.needed:
                return
            if failures > policy.count - policy.needed:
                raise NotSignalledError(unsatisfied(failures, policy))
            left = deadline - time.monotonic()
            if left <= 0:
                raise on_timeout(policy.count - successes - failures)
            self.world.wait(left)
            if self.stopping():
                raise StoppedError


def unsatisfied(failures: int, policy: SignalPolicy) -> str:
    return (
        f"Received {failures} FAILURE signal(s) out of {policy.count}. "
        f"Unable to satisfy {policy.min_successful_percent}% MinSuccessfulInstancesPercent requirement"
    )
