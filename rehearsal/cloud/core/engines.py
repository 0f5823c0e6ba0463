"""The parts of the emulation that are not moto's, wired together."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

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
from rehearsal.cloud.sns.mail import Mail
from rehearsal.cloud.ssm.commands import Commands


@dataclass(frozen=True, slots=True)
class Engines:
    alarms: Alarms
    authority: Authority
    buckets: Buckets
    bus: Bus
    change_sets: ChangeSets
    clock: Clock
    commands: Commands
    credentials: Credentials
    functions: Functions
    gate: Gate
    mail: Mail
    scheduler: Scheduler
    stacks: Stacks


def wire(
    scope: Scope, world: threading.Condition, type_named: Callable[[str], ResourceType], asks: Mapping[str, Asks]
) -> Engines:
    """``world`` is the lock of all state, and tells its waiters of changes."""
    authority, buckets, clock, metrics = Authority(scope), Buckets(scope), Clock(), Metrics(scope)
    alarms = Alarms(scope, authority, metrics)
    commands = Commands(scope, world)
    functions = Functions(scope, world, authority, clock, metrics)
    stacks = Stacks(scope, world, buckets, type_named)
    stacks.on_rest = lambda: alarms.look_at_new(clock.now())
    return Engines(
        alarms=alarms,
        authority=authority,
        buckets=buckets,
        bus=Bus(scope, world, authority, clock, commands),
        change_sets=ChangeSets(stacks),
        clock=clock,
        commands=commands,
        credentials=Credentials(scope, authority),
        functions=functions,
        gate=Gate(scope, authority, asks),
        mail=Mail(clock, metrics),
        scheduler=Scheduler(scope, world, authority, functions),
        stacks=stacks,
    )
