"""Whether alerts reach somebody, and what the alarms say."""

from dataclasses import dataclass

from doctor import deployment
from doctor.account import Account
from doctor.finding import CouldNotLookError, Finding, Outcome
from lambdas.aws.topic import count_receivers

RECEIVERS = "alerts' e-mail"
ALARMS = "alarms"


def judge_receivers(confirmed: int, email: str) -> Finding:
    expected = "at least one confirmed address"
    if confirmed:
        return Finding(RECEIVERS, Outcome.OK, f"{confirmed} confirmed", expected)
    cure = f"Follow the link in AWS's mail to {email}. It is valid for three days; `cdk deploy` sends no second one."
    return Finding(RECEIVERS, Outcome.WARNING, "none confirmed: no alert reaches anybody", expected, cure)


@dataclass(frozen=True, slots=True)
class Alarm:
    meaning: str
    state: str
    """OK, ALARM or INSUFFICIENT_DATA."""


def look_at_alarms(account: Account, names: tuple[str, ...]) -> tuple[Alarm, ...]:
    rows = account.client("cloudwatch").describe_alarms(AlarmNames=list(names))["MetricAlarms"]
    return tuple(Alarm(row.get("AlarmDescription") or row["AlarmName"], row["StateValue"]) for row in rows)


def judge_alarms(alarms: tuple[Alarm, ...]) -> Finding:
    expected = "none rings"
    ringing = [alarm.meaning for alarm in alarms if alarm.state == "ALARM"]
    if not ringing:
        return Finding(ALARMS, Outcome.OK, f"none of {len(alarms)} rings", expected)
    cure = "Read the mail of the alarm; docs/runbook.md has a section for each cause."
    return Finding(ALARMS, Outcome.WARNING, f"{len(ringing)} ring: {'; '.join(sorted(ringing))}", expected, cure)


def check(account: Account) -> list[Finding]:
    cloudformation, made = account.client("cloudformation"), account.deployment
    topics = deployment.resources(cloudformation, made, "AWS::SNS::Topic")
    if not topics:
        raise CouldNotLookError("the operations stack is missing")
    alarms = look_at_alarms(account, deployment.resources(cloudformation, made, "AWS::CloudWatch::Alarm"))
    confirmed = count_receivers(account.client("sns"), topics[0])
    return [judge_receivers(confirmed, account.settings.alert_email), judge_alarms(alarms)]
