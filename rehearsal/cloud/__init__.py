"""moto in this process, made truthful for what the product deploys."""

from rehearsal.cloud.alarms import AlarmState
from rehearsal.cloud.cloud import Cloud
from rehearsal.cloud.commands import Ran
from rehearsal.cloud.functions import Function, Outcome
from rehearsal.cloud.scheduler import Fired, NoScheduleError
from rehearsal.cloud.topics import Letter, UndeliverableError
from rehearsal.cloud.values import AccessKey, Instance

__all__ = [
    "AccessKey",
    "AlarmState",
    "Cloud",
    "Fired",
    "Function",
    "Instance",
    "Letter",
    "NoScheduleError",
    "Outcome",
    "Ran",
    "UndeliverableError",
]
