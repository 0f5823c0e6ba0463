"""As much of AWS as the two functions call, kept in memory. What it holds and what it was asked can be read."""

import io
from dataclasses import dataclass, field
from typing import Any, cast

from botocore.exceptions import ClientError

from lambdas.aws.clients import Aws
from lambdas.environment import HealthEnvironment
from lambdas.see.facts import Facts
from lambdas.see.http_answer import Answer
from lambdas.see.probe import Outside, Pull
from lambdas.see.run_command import Reply
from lambdas.tell.measures import Measures
from tests.support.well_registry import ADDRESS, HOST, WELL_OUTSIDE, answered, lines

ENVIRONMENT = HealthEnvironment(
    domain_name="registry.example.com",
    address=ADDRESS,
    document_name="Verbs",
    topic_arn="arn:topic",
    state_bucket="state",
    runbook="docs/runbook.md",
    aws_region="eu-central-1",
    health_parameter="/registry/registry.example.com/users/pull/health",
    renewal_function="renew",
    repair_enabled="true",
)


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": code}}, "Operation")


@dataclass
class FakeS3:
    objects: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    """ETag and content."""

    writes: int = 0

    def get_object(self, **request: str) -> dict[str, Any]:
        if request["Key"] not in self.objects:
            raise refusal("NoSuchKey")
        etag, body = self.objects[request["Key"]]
        return {"ETag": etag, "Body": io.BytesIO(body)}

    def put_object(self, **request: Any) -> dict[str, str]:
        etag, _ = self.objects.get(request["Key"], ("", b""))
        if etag != request.get("IfMatch", "") or (etag and "IfNoneMatch" in request):
            raise refusal("PreconditionFailed")
        self.writes += 1
        self.objects[request["Key"]] = (f'"{self.writes}"', request["Body"])
        return {"ETag": f'"{self.writes}"'}


@dataclass
class FakeSns:
    mails: list[tuple[str, str]] = field(default_factory=list)
    works: bool = True
    confirmed: str = "1"

    def publish(self, **request: str) -> None:
        if not self.works:
            raise refusal("InternalError")
        self.mails.append((request["Subject"], request["Message"]))

    def get_topic_attributes(self, **_request: str) -> dict[str, Any]:
        return {"Attributes": {"SubscriptionsConfirmed": self.confirmed}}


@dataclass
class FakeSsm:
    """The health user's password only: :meth:`FakeAws.ring` runs the verbs."""

    password: str | None = "secret"  # noqa: S105

    def get_parameter(self, **_request: Any) -> dict[str, Any]:
        if self.password is None:
            raise refusal("ParameterNotFound")
        return {"Parameter": {"Value": self.password}}


@dataclass
class FakeAutoScaling:
    hosts: dict[str, str] = field(default_factory=lambda: {HOST: "InService"})
    unhealthy: list[str] = field(default_factory=list)

    def describe_auto_scaling_groups(self, **_request: Any) -> dict[str, Any]:
        found = [
            {"InstanceId": host, "LifecycleState": state, "HealthStatus": "Healthy"}
            for host, state in self.hosts.items()
        ]
        return {"AutoScalingGroups": [{"Instances": found}]}

    def set_instance_health(self, **request: Any) -> None:
        self.unhealthy.append(request["InstanceId"])


@dataclass
class FakeLambda:
    started: list[str] = field(default_factory=list)

    def invoke(self, **request: Any) -> None:
        self.started.append(request["FunctionName"])


@dataclass
class FakeAws:
    """The clients, and the registry behind them."""

    s3: FakeS3 = field(default_factory=FakeS3)
    sns: FakeSns = field(default_factory=FakeSns)
    ssm: FakeSsm = field(default_factory=FakeSsm)
    autoscaling: FakeAutoScaling = field(default_factory=FakeAutoScaling)
    functions: FakeLambda = field(default_factory=FakeLambda)
    outside: Outside = WELL_OUTSIDE
    again: Pull | None = None
    """What the last look before a repair sees; without one, what the probe saw."""

    replies: dict[str, Reply | ClientError] = field(default_factory=dict)
    """By verb; without one, a verb repairs the registry."""

    verbs: list[str] = field(default_factory=list)
    asked_again: int = 0
    measures: dict[str, float] = field(default_factory=dict)

    @property
    def clients(self) -> Aws:
        return cast(Aws, self)

    @property
    def subjects(self) -> list[str]:
        return [subject for subject, _ in self.sns.mails]

    def says(self, facts: Facts) -> None:
        self.replies["diagnose"] = answered(lines(facts))

    def ring(self, _ssm: object, _doorbell: object, verb: str, **_wait: float) -> Reply:
        self.verbs.append(verb)
        reply = self.replies.get(verb, answered("repaired=registry\n"))
        if isinstance(reply, ClientError):
            raise reply
        return reply

    def look(self, *_arguments: object) -> Outside:
        return self.outside

    def ask_again(self, *_arguments: object) -> Pull:
        self.asked_again += 1
        nothing = Answer(problem="Connection refused")
        return self.again or self.outside.pull or Pull(nothing, nothing)

    def record(self, values: Measures) -> None:
        self.measures = {name: value for name, (_, value) in values.items()}
