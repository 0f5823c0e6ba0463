"""What a person is told when those who tell are silent. Ten alarms are free; these are ten."""

from datetime import timedelta

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_lambda as functions
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stacks.settings.schedule_gaps import longest_gap

NAMESPACE = "PrivateRegistry"
MISSED_CHECKS = 3
# The health check starts a renewal at 33 and mails at 20: this is for the case that it does neither.
LEAST_LIFE_LEFT_PERCENT = 15
_MINUTES = timedelta(minutes=1)
_BREACHING = cloudwatch.TreatMissingData.BREACHING
_NOT_BREACHING = cloudwatch.TreatMissingData.NOT_BREACHING


def own_metric(domain_name: str, name: str, *, statistic: str, period: Duration) -> cloudwatch.Metric:
    """Of what the functions measure: Powertools' dimension ``service`` is the registry's name."""
    return cloudwatch.Metric(
        namespace=NAMESPACE,
        metric_name=name,
        dimensions_map={"service": domain_name},
        statistic=statistic,
        period=period,
    )


class Alarms(Construct):
    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        domain_name: str,
        health_schedule: str,
        renewal_schedule: str,
        health: functions.IFunction,
        renewal: functions.IFunction,
        lost: sqs.IQueue,
        topic: sns.ITopic,
    ) -> None:
        super().__init__(scope, construct_id)
        self._domain_name = domain_name
        self._action = actions.SnsAction(topic)
        self.all: list[cloudwatch.Alarm] = []
        for name, function in (("Health", health), ("Renewal", renewal)):
            self._failed_runs(name, function)
        self._lost_runs(lost)
        self._heartbeats(health_schedule, renewal_schedule)
        self._certificate()
        self._mail(topic)

    def _failed_runs(self, name: str, function: functions.IFunction) -> None:
        period = Duration.minutes(15)
        self._alarm(
            f"{name}Errors",
            function.metric_errors(period=period),
            "a run failed. The mail before this one says why; if there was none, the function's log does",
        )
        self._alarm(
            f"{name}Throttles",
            function.metric_throttles(period=period),
            "runs were refused: too many at once",
        )

    def _lost_runs(self, lost: sqs.IQueue) -> None:
        self._alarm(
            "LostRuns",
            lost.metric_approximate_number_of_messages_visible(
                period=Duration.minutes(5), statistic="Maximum"
            ),
            "a schedule could not start its function, or a change of users could not be told to the hosts (which "
            "look by themselves, too); the dead-letter queue holds the event and its error",
        )

    def _heartbeats(self, health_schedule: str, renewal_schedule: str) -> None:
        gap = -(-longest_gap(health_schedule) // _MINUTES)
        # CloudWatch wants whole hours for alarms that look back more than a day.
        minutes = max(gap, 5) if gap * MISSED_CHECKS <= 24 * 60 else -(-gap // 60) * 60
        self._alarm(
            "HealthHeartbeat",
            own_metric(
                self._domain_name, "Healthy", statistic="SampleCount", period=Duration.minutes(minutes)
            ),
            "nobody has checked the registry's health",
            comparison=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
            evaluation_periods=MISSED_CHECKS,
            missing=_BREACHING,
        )
        self._alarm(
            "RenewalHeartbeat",
            own_metric(
                self._domain_name, "DaysSinceRenewalRun", statistic="Maximum", period=Duration.hours(1)
            ),
            "nobody has tried to renew the certificate",
            # No alarm can look back a month: the health check counts the days.
            threshold=min(longest_gap(renewal_schedule).days, 3650) + 2,
            evaluation_periods=24,
            missing=_BREACHING,
        )

    def _certificate(self) -> None:
        self._alarm(
            "CertificateLife",
            own_metric(
                self._domain_name, "CertificateLifeLeft", statistic="Minimum", period=Duration.hours(1)
            ),
            "the certificate expires soon and was not renewed",
            comparison=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
            threshold=LEAST_LIFE_LEFT_PERCENT,
            # Unknown while the registry is down, which has its own mail.
            missing=cloudwatch.TreatMissingData.IGNORE,
        )

    def _mail(self, topic: sns.ITopic) -> None:
        self._alarm(
            "FailedMail",
            topic.metric_number_of_notifications_failed(period=Duration.minutes(15)),
            "alerts are not delivered (runbook: alerts are not delivered)",
        )
        self._alarm(
            "NoReceiver",
            own_metric(self._domain_name, "AlertReceivers", statistic="Maximum", period=Duration.hours(1)),
            "nobody has confirmed the e-mail subscription (runbook: alerts are not delivered)",
            comparison=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
            missing=cloudwatch.TreatMissingData.IGNORE,
        )

    def _alarm(
        self,
        name: str,
        metric: cloudwatch.IMetric,
        meaning: str,
        *,
        comparison: cloudwatch.ComparisonOperator = (
            cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
        ),
        threshold: float = 1,
        evaluation_periods: int = 1,
        missing: cloudwatch.TreatMissingData = _NOT_BREACHING,
    ) -> None:
        alarm = cloudwatch.Alarm(
            self,
            name,
            metric=metric,
            alarm_description=f"{self._domain_name}: {meaning}",
            comparison_operator=comparison,
            threshold=threshold,
            evaluation_periods=evaluation_periods,
            treat_missing_data=missing,
        )
        alarm.add_alarm_action(self._action)
        # No mail when it is over: CloudWatch would send one for each new alarm, too.
        self.all.append(alarm)
