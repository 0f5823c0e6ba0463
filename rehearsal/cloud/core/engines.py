"""The parts of the emulation that are not moto's, wired together: a set for each region."""

import threading
from collections.abc import Callable, Mapping

from rehearsal.cloud.cloudformation.change_sets import ChangeSets
from rehearsal.cloud.cloudformation.resource_type import ResourceType
from rehearsal.cloud.cloudformation.stacks import Stacks
from rehearsal.cloud.cloudwatch.alarms import Alarms
from rehearsal.cloud.cloudwatch.metrics import Metrics
from rehearsal.cloud.core.clock import Clock
from rehearsal.cloud.core.scope import Scope
from rehearsal.cloud.ec2.credentials import Credentials
from rehearsal.cloud.events.bus import Bus
from rehearsal.cloud.iam.authority import Authority
from rehearsal.cloud.iam.gate import Gate
from rehearsal.cloud.iam.request import Asks
from rehearsal.cloud.lambda_.functions import Functions
from rehearsal.cloud.s3.buckets import Buckets
from rehearsal.cloud.scheduler.scheduler import Scheduler
from rehearsal.cloud.servicequotas.quotas import Quotas
from rehearsal.cloud.sns.mail import Mail
from rehearsal.cloud.ssm.commands import Commands


class Engines:
    """``world`` is the lock of all state, and tells its waiters of changes. Buckets, clock and quotas are the account's
    own: those of ``account``, the engines of another region, if there is one."""

    def __init__(
        self,
        scope: Scope,
        world: threading.Condition,
        type_named: Callable[[str], ResourceType],
        asks: Mapping[str, Asks],
        account: "Engines | None" = None,
    ) -> None:
        self.scope = scope
        self.authority = Authority(scope)
        self.buckets: Buckets = account.buckets if account else Buckets(scope)
        self.clock: Clock = account.clock if account else Clock()
        self.commands = Commands(scope, world)
        self.credentials = Credentials(scope, self.authority)
        self.gate = Gate(scope, self.authority, asks)
        metrics = Metrics(scope)
        self.alarms = Alarms(scope, self.authority, metrics)
        self.bus = Bus(scope, world, self.authority, self.clock, self.commands)
        self.functions = Functions(scope, world, self.authority, self.clock, metrics)
        self.mail = Mail(self.clock, metrics)
        self.quotas: Quotas = account.quotas if account else Quotas()
        self.scheduler = Scheduler(scope, world, self.authority, self.functions)
        self.stacks = Stacks(scope, world, self.buckets, type_named)
        self.stacks.on_rest = lambda: self.alarms.look_at_new(self.clock.now())
        self.change_sets = ChangeSets(self.stacks)
