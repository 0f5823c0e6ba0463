"""moto in this process, made truthful for what the product deploys."""

from rehearsal.cloud.core.cloud import Cloud
from rehearsal.cloud.ec2.observed import Instance
from rehearsal.cloud.iam.identity import AccessKey
from rehearsal.cloud.lambda_.functions import Function, Outcome
from rehearsal.cloud.scheduler.scheduler import Fired, NoScheduleError
from rehearsal.cloud.sns.mail import Letter, UndeliverableError
from rehearsal.cloud.ssm.agents import Ran

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
