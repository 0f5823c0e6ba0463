"""The e-mail about an alarm that changes its state. Other protocols would get JSON: the product has none.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import quote

from botocore.loaders import create_loader
from moto.cloudwatch.models import Alarm

from rehearsal.cloud.core.scope import Scope
from rehearsal.cloud.sns.mail import LONGEST_SUBJECT


@dataclass(frozen=True, slots=True)
class StateChange:
    alarm: Alarm
    before: str
    after: str
    reason: str
    at: datetime


def subject(scope: Scope, change: StateChange) -> str:
    frame = f'{change.after}: "{{}}" in {_region(scope.region)}'
    room = LONGEST_SUBJECT - len(frame.format(""))
    name = change.alarm.name
    return frame.format(name if len(name) <= room else f"{name[: room - 3]}...")


def message(scope: Scope, change: StateChange) -> str:
    alarm, region = change.alarm, _region(scope.region)
    moment = f"{change.at:%A %d %B, %Y %H:%M:%S} UTC"
    enough = alarm.datapoints_to_alarm or alarm.evaluation_periods
    dimensions = ", ".join(f"[{each.name} = {each.value}]" for each in alarm.dimensions)
    console = f"https://{scope.region}.console.aws.amazon.com/cloudwatch/deeplink.js?region={scope.region}"
    return f"""\
You are receiving this email because your Amazon CloudWatch Alarm "{alarm.name}" in the {region} region \
has entered the {change.after} state, because "{change.reason}" at "{moment}".

View this alarm in the AWS Management Console:
{console}#alarmsV2:alarm/{quote(alarm.name, safe="")}

Alarm Details:
- Name:                       {alarm.name}
- Description:                {alarm.description}
- State Change:               {change.before} -> {change.after}
- Reason for State Change:    {change.reason}
- Timestamp:                  {moment}
- AWS Account:                {scope.account}
- Alarm Arn:                  {alarm.alarm_arn}

Threshold:
- The alarm is in the ALARM state when the metric is {alarm.comparison_operator} {alarm.threshold} \
for at least {enough} of the last {alarm.evaluation_periods} period(s) of {alarm.period} seconds.

Monitored Metric:
- MetricNamespace:                     {alarm.namespace}
- MetricName:                          {alarm.metric_name}
- Dimensions:                          {dimensions}
- Period:                              {alarm.period} seconds
- Statistic:                           {alarm.statistic}
- Unit:                                {alarm.unit or "not specified"}
- TreatMissingData:                    {alarm.treat_missing_data}

State Change Actions:
- OK: {_listed(alarm.ok_actions)}
- ALARM: {_listed(alarm.alarm_actions)}
- INSUFFICIENT_DATA: {_listed(alarm.insufficient_data_actions)}
"""


def _listed(actions: list[str]) -> str:
    return " ".join(f"[{each}]" for each in actions)


@cache
def _region(name: str) -> str:
    """As people call it: US East (N. Virginia)."""
    partitions: list[Any] = create_loader().load_data("endpoints")["partitions"]
    return next(str(each["regions"][name]["description"]) for each in partitions if name in each["regions"])
