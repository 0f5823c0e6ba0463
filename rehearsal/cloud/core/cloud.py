"""The emulated AWS: one account, one HTTP endpoint, one region or two."""

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from moto.autoscaling.models import autoscaling_backends
from moto.core.base_backend import BackendDict
from moto.core.config import default_user_config
from moto.core.model_instances import reset_model_data
from moto.route53.models import route53_backends

from rehearsal.cloud.autoscaling import groups
from rehearsal.cloud.core import services
from rehearsal.cloud.core.engines import Engines
from rehearsal.cloud.core.patches import Patches
from rehearsal.cloud.core.regions import Regions
from rehearsal.cloud.core.scope import Scope
from rehearsal.cloud.core.server import Server
from rehearsal.cloud.ec2 import images, observed, offers
from rehearsal.cloud.ec2.observed import Instance, PublicAddress
from rehearsal.cloud.iam import identity
from rehearsal.cloud.iam.identity import AccessKey
from rehearsal.cloud.s3.replication import SERVICE, CopyRule, denied, rules_of
from rehearsal.cloud.scheduler.scheduler import Fired
from rehearsal.contract.tick_result import AlarmState


class Cloud:
    """Only one at a time in a process: moto's state is global. The rest of the rehearsal takes over e-mails
    (engines.mail.post), the hosts' agents (engines.commands.agents) and the functions (engines.functions.run).
    Hosts run in the registry's region alone, which ``scope`` and ``engines`` are of."""

    administrator: AccessKey

    def __init__(
        self, *, port: int = 4567, account: str = "123456789012", region: str = "us-east-1", other_region: str = ""
    ) -> None:
        self._world = threading.Condition(threading.RLock())
        self.patches = Patches()
        made: list[Engines] = []
        for name in filter(None, (region, other_region)):
            scope = Scope(account, name)
            made.append(Engines(scope, self._world, services.type_named, services.asks(), *made[:1]))
        self.regions = Regions(made)
        # moto's backends outlive a Cloud; the next account starts empty.
        BackendDict.reset()
        reset_model_data()
        try:
            services.patch(self.patches, self.regions)
            # moto makes seven partitions when the first request comes: one is enough to have AWS's 1,500 policies.
            default_user_config["iam"] = {"load_aws_managed_policies": True}
            self.administrator = identity.create_administrator(self.scope)
            default_user_config["iam"] = {"load_aws_managed_policies": False}
            for each in self.regions:
                images.publish_ubuntu(each.scope)
            self._server = Server(port, self.regions, self._world)
            self.endpoint_url = f"http://127.0.0.1:{self._server.port}"
        except BaseException:
            self.patches.undo()
            raise

    @property
    def engines(self) -> Engines:
        return self.regions.here

    @property
    def scope(self) -> Scope:
        return self.engines.scope

    def stop(self) -> None:
        for each in self.regions:
            each.commands.stop()
            each.stacks.stop()
        self._server.stop()
        self.patches.undo()

    def follow_objects(
        self,
        *,
        on_bucket_created: Callable[[str], object],
        on_bucket_deleted: Callable[[str], object],
        on_versioning: Callable[[str, str], object],
        on_access_key: Callable[[str, str], None],
        read_object: Callable[[str, str], bytes],
        has_objects: Callable[[str], bool],
    ) -> None:
        """Leave objects to another S3 server, and bucket configuration to moto. Called for what exists already, too.
        on_access_key gets id and secret of the administrator and of each session. read_object(bucket, key) and
        has_objects(bucket) answer for CloudFormation: templates and code come from buckets, and only an empty bucket
        is deleted."""
        buckets = self.engines.buckets
        with self._world:
            on_access_key(self.administrator.id, self.administrator.secret)
            for name, bucket in buckets.backend.buckets.items():
                on_bucket_created(name)
                if bucket.versioning_status:
                    on_versioning(name, bucket.versioning_status)
            buckets.on_created, buckets.on_deleted = on_bucket_created, on_bucket_deleted
            buckets.on_versioning, buckets.on_access_key = on_versioning, on_access_key
            buckets.read_object, buckets.has_objects = read_object, has_objects

    def region_of(self, bucket: str) -> str:
        """Raises MissingBucket: there is none of this name."""
        return str(self.engines.buckets.backend.get_bucket(bucket).region_name)

    def copy_rules(self) -> tuple[CopyRule, ...]:
        """What S3 is to copy, of the regions that answer."""
        with self._world:
            buckets = self.engines.buckets.backend.buckets.values()
            return tuple(
                rule for each in buckets if self.regions.answers(each.region_name, "s3") for rule in rules_of(each)
            )

    def begin_copying(self, role: str) -> str:
        """The access key of S3's session in the role; empty, if the role does not trust S3."""
        with self._world:
            if not self.engines.authority.trusts_service(role, SERVICE):
                return ""
            return str(identity.role_session(self.scope, role, "s3-replication").access_key_id)

    def copying_denied(self, access_key_id: str, rule: CopyRule, key: str, *, is_deletion: bool) -> str:
        """The permission that S3 lacks; or nothing."""
        with self._world:
            return denied(self.engines.authority, access_key_id, rule, key, is_deletion=is_deletion)

    def fire(self, handler: str, at: datetime) -> Fired:
        """Fire the schedule whose function has this in its handler, as if it were due at that moment. Raises
        NoScheduleError: there is none."""
        scheduler = self.engines.scheduler
        with self.engines.clock.standing_at(at):
            return scheduler.fire(scheduler.of_handler(handler), at)

    def look_at_alarms(self, at: datetime) -> tuple[AlarmState, ...]:
        """As CloudWatch does at that moment: alarms change their states and publish to their topics."""
        with self._world, self.engines.clock.standing_at(at):
            return self.engines.alarms.look(at)

    def create_hosted_zone(self, name: str) -> str:
        """A public zone as a domain's owner has it before any deploy; returns its id."""
        with self._world:
            zone = self.scope.wide(route53_backends).create_hosted_zone(f"{name.rstrip('.')}.", private_zone=False)
            return str(zone.id).rsplit("/", 1)[-1]

    def withdraw_type(self, zone: str, instance_type: str) -> None:
        """From now on EC2 does not offer this type in this zone."""
        with self._world:
            offers.withdraw(self.scope.region, zone, instance_type)

    def lose_region(self) -> None:
        """The registry's region answers no more. Its instances, stacks, parameters and addresses are lost with it; the
        account's roles, zones and records are everywhere. Raises LookupError: the account has no other region."""
        with self._world:
            self.regions.lose()

    def forbid(self, actions: Sequence[str]) -> None:
        """From now on the account's organization denies these actions to everybody in the account, and no others."""
        statement = {"Effect": "Deny", "Action": list(actions), "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        with self._world:
            for each in self.regions:
                each.authority.organization = [policy] if actions else []

    def name_servers(self, zone_id: str) -> tuple[str, ...]:
        """To which the owner of a domain has it delegated, once its zone exists."""
        with self._world:
            zone = self.scope.wide(route53_backends).get_hosted_zone(zone_id)
            return tuple(zone.delegation_set.name_servers) if zone.delegation_set else ()

    def records(self) -> Mapping[str, tuple[str, ...]]:
        """Route 53's A and AAAA records: name without trailing dot -> addresses."""
        found: dict[str, tuple[str, ...]] = {}
        with self._world:
            for zone in self.scope.wide(route53_backends).zones.values():
                for record in zone.rrsets:
                    if record.type in ("A", "AAAA"):
                        name = record.name.rstrip(".")
                        found[name] = (*found.get(name, ()), *record.records)
        return found

    def instances(self) -> tuple[Instance, ...]:
        """The pending and the running instances."""
        with self._world:
            return tuple(map(observed.observe, observed.running(self.scope)))

    def fail_check(self, instance_id: str, check: str) -> None:
        """The instance fails a health check of its group: EC2, or EBS."""
        with self._world:
            for group in self.scope.regional(autoscaling_backends).autoscaling_groups.values():
                groups.fail_check(group, instance_id, check)

    def associations(self) -> Mapping[str, str]:
        """Every allocated Elastic IP -> instance id, "" when free."""
        with self._world:
            return observed.associations(self.scope)

    def public_addresses(self) -> Mapping[str, PublicAddress]:
        """By instance id, as EC2's API has it at once; the network follows later."""
        with self._world:
            return observed.public_addresses(self.scope)

    def open_tcp_ports(self, instance: Instance) -> tuple[tuple[str, int, int], ...]:
        """(CIDR, first port, last port) that the instance's security groups let in."""
        with self._world:
            return observed.open_tcp_ports(self.scope, instance.security_group_ids)

    def instance_metadata(self, instance_id: str) -> Mapping[str, str]:
        """Path under latest/meta-data/ -> text, without the credentials themselves and without the public address."""
        with self._world:
            return observed.instance_metadata(self.scope, instance_id)

    def role_credentials(self, instance_id: str) -> dict[str, Any]:
        """The metadata service's iam/security-credentials/ROLE; KeyError without an instance profile."""
        with self._world:
            return self.engines.credentials.of(instance_id)

    def may_report_to_ssm(self, instance_id: str) -> bool:
        with self._world:
            return self.engines.credentials.may_report_to_ssm(instance_id)

    def authorise(self, access_key_id: str, action: str, resource_arn: str) -> bool:
        """Whether the key's owner may do s3:GetObject, say, on an ARN, by identity and bucket policies."""
        with self._world:
            return self.engines.authority.allows(access_key_id, action, resource_arn, {})
