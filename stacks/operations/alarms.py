"""CloudWatch alarms that e-mail when the functions stop. Ten alarms are free; these are ten."""

from datetime import timedelta

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stacks.operations.functions import Functions
from stacks.operations.metrics import own_metric
from stacks.settings.schedule import longest_gap
from stacks.settings.settings import Settings

MISSED_CHECKS = 3
# The health check starts a renewal at 33 and sends mail at 20: this alarm is for the case that it does neither.
LEAST_LIFE_LEFT_PERCENT = 15
_MINUTE = timedelta(minutes=1)
# Not BREACHING: CloudWatch also counts what is missing from before the alarm, so each new alarm would ring. With this,
# an alarm without data changes to INSUFFICIENT_DATA, the state in which a new one begins.
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
_HEARTBEAT = cloudwatch.TreatMissingData.MISSING
_AT_LEAST = cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
_BELOW = cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD
_IGNORE = cloudwatch.TreatMissingData.IGNORE


def add_alarms(
    scope: Construct, *, settings: Settings, functions: Functions, lost: sqs.IQueue, topic: sns.ITopic
) -> list[cloudwatch.Alarm]:
    parent = Construct(scope, "Alarms")
    mail = actions.SnsAction(topic)
    quarter, hour = Duration.minutes(15), Duration.hours(1)

    def alarm(
        name: str,
        metric: cloudwatch.IMetric,
        meaning: str,
        *,
        at_least: float = 1,
        below: float | None = None,
        periods: int = 1,
        missing: cloudwatch.TreatMissingData = cloudwatch.TreatMissingData.NOT_BREACHING,
    ) -> cloudwatch.Alarm:
        threshold, operator = (at_least, _AT_LEAST) if below is None else (below, _BELOW)
        made = cloudwatch.Alarm(
            parent,
            name,
            metric=metric,
            alarm_description=f"{settings.domain_name}: {meaning}",
            comparison_operator=operator,
            threshold=threshold,
            evaluation_periods=periods,
            treat_missing_data=missing,
        )
        # No mail for OK: CloudWatch would also send one for each new alarm.
        if missing == _HEARTBEAT:
            made.add_insufficient_data_action(mail)
        else:
            made.add_alarm_action(mail)
        return made

    def own(name: str, statistic: str, period: Duration) -> cloudwatch.Metric:
        return own_metric(settings.domain_name, name, statistic=statistic, period=period)

    def failed_runs(name: str, function: lambda_.IFunction) -> list[cloudwatch.Alarm]:
        failed = "a run failed. The mail before this one gives the cause; if there is none, read the function's log"
        refused = "AWS refused runs: too many at once"
        return [
            alarm(f"{name}Errors", function.metric_errors(period=quarter), failed),
            alarm(f"{name}Throttles", function.metric_throttles(period=quarter), refused),
        ]

    checks = own("Healthy", "SampleCount", _heartbeat(longest_gap(settings.health_schedule)))
    unconfirmed = "the e-mail subscription is not confirmed (runbook: alerts are not delivered)"
    undelivered = topic.metric_number_of_notifications_failed(period=quarter)
    return [
        *failed_runs("Health", functions.health),
        *failed_runs("Renewal", functions.renewal),
        alarm(
            "LostRuns",
            lost.metric_approximate_number_of_messages_visible(period=Duration.minutes(5), statistic="Maximum"),
            "a schedule could not start its function, or an event could not tell the hosts that users changed "
            "(the hosts also look by themselves); the dead-letter queue holds the event and its error",
        ),
        alarm(
            "HealthHeartbeat",
            checks,
            "the health check has not run",
            below=1,
            periods=MISSED_CHECKS,
            missing=_HEARTBEAT,
        ),
        alarm(
            "RenewalHeartbeat",
            own("DaysSinceRenewalRun", "Maximum", hour),
            "the certificate's renewal has not run",
            # No alarm can look back a month: the health check counts the days.
            at_least=min(longest_gap(settings.renewal_schedule).days, 3650) + 2,
            # Unknown while the health check does not run, which has its own alarm.
            missing=_IGNORE,
        ),
        alarm(
            "CertificateLife",
            own("CertificateLifeLeft", "Minimum", hour),
            "the certificate expires soon and was not renewed",
            below=LEAST_LIFE_LEFT_PERCENT,
            # Unknown while the registry is down, which has its own mail.
            missing=_IGNORE,
        ),
        alarm("FailedMail", undelivered, "alerts are not delivered (runbook: alerts are not delivered)"),
        alarm("NoReceiver", own("AlertReceivers", "Maximum", hour), unconfirmed, below=1, missing=_IGNORE),
    ]


def _heartbeat(gap: timedelta) -> Duration:
    """The period in which at least one check runs."""
    minutes = -(-gap // _MINUTE)
    # CloudWatch wants whole hours for alarms that look back more than a day.
    whole_hours = -(-minutes // 60) * 60
    return Duration.minutes(max(minutes, 5) if minutes * MISSED_CHECKS <= 24 * 60 else whole_hours)
