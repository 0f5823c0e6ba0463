"""The emulated AWS: one account, one region, one HTTP endpoint."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from moto.core.base_backend import BackendDict
from moto.core.config import default_user_config
from moto.core.model_instances import reset_model_data
from moto.ec2.models.instances import Instance as Ec2Instance
from moto.route53.models import route53_backends
from moto.sts.models import AssumedRole
from moto.utilities.utils import get_partition

from rehearsal.cloud.autoscaling import compute
from rehearsal.cloud.cloudformation import stacks_api
from rehearsal.cloud.cloudformation.stacks import Stacks
from rehearsal.cloud.cloudwatch.alarms import Alarms
from rehearsal.cloud.cloudwatch.metrics import Metrics
from rehearsal.cloud.core.clock import Clock
from rehearsal.cloud.core.patches import Patches
from rehearsal.cloud.core.server import Server
from rehearsal.cloud.core.values import AccessKey, Instance, Place
from rehearsal.cloud.ec2 import addresses, images, metadata, observed
from rehearsal.cloud.events.events import Events
from rehearsal.cloud.iam import identity
from rehearsal.cloud.iam.gate import Gate
from rehearsal.cloud.lambda_.functions import Functions, Runtime
from rehearsal.cloud.s3 import storage_types
from rehearsal.cloud.s3.buckets import Buckets
from rehearsal.cloud.scheduler.scheduler import Fired, Scheduler
from rehearsal.cloud.sns.topics import Letter, Topics
from rehearsal.cloud.ssm.commands import Agents, Commands
from rehearsal.contract.tick_result import AlarmState


class Cloud:
    """Only one at a time in a process: moto's state is global."""

    administrator: AccessKey

    def __init__(self, *, port: int = 4567, account: str = "123456789012", region: str = "us-east-1") -> None:
        self.place = Place(account, region)
        self._world = threading.Condition(threading.RLock())
        self._on_access_key: Callable[[str, str], None] | None = None
        self._sessions: dict[str, AssumedRole] = {}
        self._patches = Patches()
        self.buckets = Buckets(self.place)
        self._stacks = Stacks(self.place, self._world, self.buckets)
        self._gate = Gate(self.place)
        self._clock = Clock()
        metrics = Metrics(self.place)
        self._alarms = Alarms(self.place, self._gate, metrics)
        self._stacks.on_rest = lambda: self._alarms.look_at_new(self._clock.now())
        self._topics = Topics(self._clock, metrics)
        self._commands = Commands(self.place, self._world)
        self._events = Events(self.place, self._world, self._gate, self._clock, self._commands)
        self._functions = Functions(self.place, self._world, self._gate, self._clock, metrics)
        self._scheduler = Scheduler(self.place, self._world, self._gate, self._functions)
        _forget_everything()
        try:
            compute.patch(self._patches)
            addresses.patch(self._patches)
            self.buckets.patch(self._patches)
            self._gate.patch(self._patches)
            stacks_api.patch(self._patches, self._stacks)
            storage_types.patch(self._patches)
            self._topics.patch(self._patches)
            self._commands.patch(self._patches)
            self._events.patch(self._patches)
            self._functions.patch(self._patches)
            identity.announce_sessions(self._patches, self._announce_key)
            with _managed_policies():
                self.administrator = identity.create_administrator(self.place)
            images.publish_ubuntu(self.place)
            self._server = Server(port, self.place, self._world)
        except BaseException:
            self._patches.undo()
            raise

    def follow_objects(
        self,
        *,
        on_bucket_created: Callable[[str], None],
        on_bucket_deleted: Callable[[str], None],
        on_access_key: Callable[[str, str], None],
        read_object: Callable[[str, str], bytes],
        has_objects: Callable[[str], bool],
    ) -> None:
        """Leave objects to another S3 server, and bucket configuration to moto.

        Called for what exists already, too. on_access_key gets id and secret of the administrator and of
        each session. read_object(bucket, key) and has_objects(bucket) answer for CloudFormation: templates
        and code come from buckets, and only an empty bucket is deleted.
        """
        with self._world:
            self._on_access_key = on_access_key
            on_access_key(self.administrator.id, self.administrator.secret)
            for bucket in self.buckets.names():
                on_bucket_created(bucket)
            self.buckets.on_created, self.buckets.on_deleted = on_bucket_created, on_bucket_deleted
            self.buckets.read_object, self.buckets.has_objects = read_object, has_objects

    def follow_mail(self, post: Callable[[Letter], None]) -> None:
        """post gets every e-mail that SNS sends from now on."""
        self._topics.post = post

    def follow_commands(self, agents: Agents) -> None:
        """Run Command asks these agents from now on."""
        self._commands.agents = agents

    def follow_functions(self, run: Runtime) -> None:
        """Every invocation of a function is this runtime's from now on."""
        self._functions.run = run

    def may_report_to_ssm(self, instance_id: str) -> bool:
        """Whether the instance's role lets the SSM agent say that it is there."""
        try:
            key = str(self.role_credentials(instance_id)["AccessKeyId"])
        except (KeyError, StopIteration):
            return False
        arn = f"arn:aws:ec2:{self.place.region}:{self.place.account}:instance/{instance_id}"
        return self.authorise(key, "ssm:UpdateInstanceInformation", arn)

    def fire(self, handler: str, at: datetime) -> Fired:
        """Fire the schedule whose function has this in its handler, as if it were its turn at that moment.

        Raises:
            NoScheduleError: there is none.
        """
        with self._clock.standing_at(at):
            return self._scheduler.fire(self._scheduler.of_handler(handler), at)

    def look_at_alarms(self, at: datetime) -> tuple[AlarmState, ...]:
        """As CloudWatch does at that moment: alarms change their states, and whom they tell gets mail."""
        with self._world, self._clock.standing_at(at):
            return self._alarms.look(at)

    def _announce_key(self, key_id: str, secret: str) -> None:
        if self._on_access_key:
            self._on_access_key(key_id, secret)

    @property
    def endpoint_url(self) -> str:
        return f"http://127.0.0.1:{self._server.port}"

    def create_hosted_zone(self, name: str) -> str:
        """A public zone as a domain's owner has it before any deploy; returns its id."""
        with self._world:
            backend = route53_backends[self.place.account][get_partition(self.place.region)]
            zone = backend.create_hosted_zone(f"{name.rstrip('.')}.", private_zone=False)
            return str(zone.id).rsplit("/", 1)[-1]

    def instances(self) -> tuple[Instance, ...]:
        """Those that are pending or running."""
        with self._world:
            return observed.instances(self.place)

    def associations(self) -> Mapping[str, str]:
        """Every allocated Elastic IP -> instance id, "" when free."""
        with self._world:
            return observed.associations(self.place)

    def records(self) -> Mapping[str, str]:
        """Route 53 A records: name without trailing dot -> address."""
        with self._world:
            return observed.records(self.place)

    def open_tcp_ports(self, instance: Instance) -> tuple[tuple[str, int, int], ...]:
        """(CIDR, first port, last port) that the instance's security groups let in."""
        with self._world:
            return observed.open_tcp_ports(self.place, instance.security_group_ids)

    def authorise(self, access_key_id: str, action: str, resource_arn: str) -> bool:
        """Whether the key's owner may do s3:GetObject, say, on an ARN, by identity and bucket policies."""
        with self._world:
            return self._gate.allows(access_key_id, action, resource_arn, {})

    def role_credentials(self, instance_id: str) -> dict[str, Any]:
        """The metadata service's iam/security-credentials/ROLE; KeyError without an instance profile."""
        with self._world:
            session = self._sessions.get(instance_id)
            if session is None or not identity.is_fresh(session):
                role = observed.role_of(self._running(instance_id))
                if role is None:
                    raise KeyError(f"{instance_id} has no instance profile with a role")
                if not self._gate.trusts_service(role.arn, "ec2.amazonaws.com"):
                    return {
                        "Code": "AssumeRoleUnauthorizedAccess",
                        "Message": f"EC2 cannot assume the role {role.name}. Please see its trust policy.",
                    }
                session = identity.role_session(self.place, role.arn, instance_id)
                self._sessions[instance_id] = session
            return identity.metadata_document(session)

    def instance_metadata(self, instance_id: str) -> Mapping[str, str]:
        """Path under latest/meta-data/ -> text, without the credentials themselves."""
        with self._world:
            instance = self._running(instance_id)
            role = observed.role_of(instance)
            return metadata.instance_metadata(self.place, instance, role.name if role else None)

    def _running(self, instance_id: str) -> Ec2Instance:
        return next(each for each in observed.running(self.place) if each.id == instance_id)

    def stop(self) -> None:
        self._commands.stop()
        self._stacks.stop()
        self._server.stop()
        self._patches.undo()


def _forget_everything() -> None:
    """moto's backends outlive a Cloud; the next account starts empty."""
    default_user_config["iam"] = {"load_aws_managed_policies": False}
    BackendDict.reset()
    reset_model_data()


@contextmanager
def _managed_policies() -> Iterator[None]:
    """moto makes seven partitions when the first request comes: one is enough to have AWS's 1,500 policies."""
    default_user_config["iam"] = {"load_aws_managed_policies": True}
    yield
    default_user_config["iam"] = {"load_aws_managed_policies": False}
