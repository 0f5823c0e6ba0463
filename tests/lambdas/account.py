"""An AWS account of which there is just enough for the two functions, and a registry as they would see it."""

import io
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from botocore.exceptions import ClientError

from lambdas.aws.clients import Aws
from lambdas.environment import HealthEnvironment
from lambdas.judge.diagnosis import Inside, Sight
from lambdas.see.facts import Facts
from lambdas.see.http_answer import Answer
from lambdas.see.probe import Names, Outside, Served
from lambdas.see.run_command import Delivery, Output, Reply
from lambdas.tell.measures import Measures

NOW = datetime(2026, 12, 1, 3, 17, tzinfo=UTC)
ADDRESS = "203.0.113.7"
FINGERPRINT = "ab" * 32
HOST = "i-0123456789abcdef0"

WELL_OUTSIDE = Outside(
    Names((ADDRESS,)),
    "open",
    None,
    Served("ok", FINGERPRINT, NOW - timedelta(30), NOW + timedelta(60)),
    Answer(401, 'Basic realm="Registry"'),
    Answer(200, body=b'{"repositories":["app"]}'),
    120,
)
WELL_FACTS = Facts(
    instance_id=HOST,
    nginx="active",
    nginx_config="ok",
    auth="active",
    docker="active",
    registry="running",
    registry_restarts=0,
    disk_used_percent=20,
    memory_available_percent=60,
    clock_offset_seconds=0,
    s3="ok",
    certificate="ok",
    certificate_fingerprint=FINGERPRINT,
    catalog=200,
    users_file="ok",
    acme="ok",
    address="held",
)
WELL_INSIDE = Inside(Delivery.ANSWERED, WELL_FACTS)
WELL = Sight(ADDRESS, WELL_OUTSIDE, WELL_INSIDE, NOW)

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


def lines(facts: Facts) -> str:
    """As the verb ``diagnose`` prints them."""
    return "".join(
        f"{name}={getattr(facts, name)}\n" for name in Facts.__slots__ if getattr(facts, name) is not None
    )


@dataclass
class S3:
    objects: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    writes: int = 0

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: ARG002, N803
        if Key not in self.objects:
            raise refusal("NoSuchKey")
        etag, body = self.objects[Key]
        return {"ETag": etag, "Body": io.BytesIO(body)}

    def put_object(
        self,
        *,
        Bucket: str,  # noqa: ARG002, N803
        Key: str,  # noqa: N803
        Body: bytes,  # noqa: N803
        IfMatch: str = "",  # noqa: N803
        IfNoneMatch: str = "",  # noqa: N803
    ) -> dict[str, str]:
        held = self.objects.get(Key, ("", b""))[0]
        if held != IfMatch or (IfNoneMatch and held):
            raise refusal("PreconditionFailed")
        self.writes += 1
        self.objects[Key] = (f'"{self.writes}"', Body)
        return {"ETag": f'"{self.writes}"'}


@dataclass
class Sns:
    mails: list[tuple[str, str]] = field(default_factory=list)
    works: bool = True
    confirmed: str = "1"

    def publish(self, *, TopicArn: str, Subject: str, Message: str) -> None:  # noqa: ARG002, N803
        if not self.works:
            raise refusal("InternalError")
        self.mails.append((Subject, Message))

    def get_topic_attributes(self, *, TopicArn: str) -> dict[str, Any]:  # noqa: ARG002, N803
        return {"Attributes": {"SubscriptionsConfirmed": self.confirmed}}


@dataclass
class Ssm:
    """Only the parameter: verbs are run by :class:`Account`."""

    password: str | None = "secret"  # noqa: S105

    def get_parameter(self, *, Name: str, WithDecryption: bool) -> dict[str, Any]:  # noqa: ARG002, N803
        if self.password is None:
            raise refusal("ParameterNotFound")
        return {"Parameter": {"Value": self.password}}


@dataclass
class AutoScaling:
    hosts: dict[str, str] = field(default_factory=lambda: {HOST: "InService"})
    unhealthy: list[str] = field(default_factory=list)

    def describe_auto_scaling_groups(self, *, Filters: object) -> dict[str, Any]:  # noqa: ARG002, N803
        found = [
            {"InstanceId": host, "LifecycleState": state, "HealthStatus": "Healthy"}
            for host, state in self.hosts.items()
        ]
        return {"AutoScalingGroups": [{"Instances": found}]}

    def set_instance_health(
        self,
        *,
        InstanceId: str,  # noqa: N803
        HealthStatus: str,  # noqa: ARG002, N803
        ShouldRespectGracePeriod: bool,  # noqa: ARG002, N803
    ) -> None:
        self.unhealthy.append(InstanceId)


@dataclass
class Functions:
    started: list[str] = field(default_factory=list)

    def invoke(self, *, FunctionName: str, InvocationType: str, Payload: bytes) -> None:  # noqa: ARG002, N803
        self.started.append(FunctionName)


@dataclass
class Account:
    s3: S3 = field(default_factory=S3)
    sns: Sns = field(default_factory=Sns)
    ssm: Ssm = field(default_factory=Ssm)
    autoscaling: AutoScaling = field(default_factory=AutoScaling)
    functions: Functions = field(default_factory=Functions)
    outside: Outside = WELL_OUTSIDE
    replies: dict[str, Reply | ClientError] = field(default_factory=dict)
    verbs: list[str] = field(default_factory=list)
    measures: dict[str, float] = field(default_factory=dict)

    def record(self, values: Measures) -> None:
        self.measures = {name: value for name, (_, value) in values.items()}

    @property
    def aws(self) -> Aws:
        return cast(Aws, self)

    @property
    def subjects(self) -> list[str]:
        return [subject for subject, _ in self.sns.mails]

    def look(self, *_arguments: object) -> Outside:
        return self.outside

    def ring(self, _ssm: object, _doorbell: object, verb: str, *, wait_seconds: float) -> Reply:  # noqa: ARG002
        self.verbs.append(verb)
        reply = self.replies.get(verb, answered("repaired=registry\n"))
        if isinstance(reply, ClientError):
            raise reply
        return reply

    def says(self, facts: Facts) -> None:
        self.replies["diagnose"] = answered(lines(facts))


def answered(stdout: str, *, succeeded: bool = True, stderr: str = "") -> Reply:
    return Reply(Delivery.ANSWERED, (Output(HOST, succeeded, stdout, stderr),))


def renewed(*, renewed: str = "yes", fingerprint: str = FINGERPRINT) -> str:
    """As the verb ``renew-certificate`` prints it."""
    return f"renewed={renewed}\nfingerprint={fingerprint}\ndays_left=89\nlifetime_days=90\n"
