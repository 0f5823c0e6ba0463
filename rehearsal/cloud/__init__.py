"""moto in this process, made truthful for what the product deploys."""

from rehearsal.cloud.core.cloud import Cloud
from rehearsal.cloud.core.values import AccessKey, Instance
from rehearsal.cloud.lambda_.functions import Function, Outcome
from rehearsal.cloud.scheduler.scheduler import Fired, NoScheduleError
from rehearsal.cloud.sns.topics import Letter, UndeliverableError
from rehearsal.cloud.ssm.commands import Ran

__all__ = [
    "AccessKey",
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
