"""CloudWatch's alarms: looked at, at a moment, and acting when their state changes.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html

CloudWatch looks at each alarm every minute, and knows nothing of the time before the alarm: soon after its
creation an alarm that treats missing data as breaching rings, if its metric has no data by then. So when a stack
comes to rest, its new alarms are looked at once. Later looks are asked for; nothing is looked at between them.
"""

from datetime import UTC, datetime, timedelta

from moto.cloudwatch.models import Alarm, Statistics, cloudwatch_backends
from moto.sns.models import Topic, sns_backends

from rehearsal.cloud.cloudwatch.alarm_message import StateChange, message, subject
from rehearsal.cloud.cloudwatch.evaluation import ALARM, OK, Datapoint, Rule, evaluate
from rehearsal.cloud.cloudwatch.metrics import Metrics
from rehearsal.cloud.core.scope import Scope
from rehearsal.cloud.iam.authority import Authority
from rehearsal.cloud.iam.policy import Context
from rehearsal.cloud.kms import keys
from rehearsal.contract.tick_result import AlarmState

SERVICE = "cloudwatch.amazonaws.com"
MINUTE = timedelta(minutes=1)


class Alarms:
    def __init__(self, scope: Scope, authority: Authority, metrics: Metrics) -> None:
        self._scope = scope
        self._authority = authority
        self._metrics = metrics
        self._looked_at: set[str] = set()
        self._acted: dict[str, tuple[str, ...]] = {}

    def look(self, at: datetime) -> tuple[AlarmState, ...]:
        """At every alarm, by name, as CloudWatch does at the end of this minute."""
        self._metrics.record_queues(at)
        return tuple(self._look(each, at) for each in self._alarms())

    def look_at_new(self, at: datetime) -> None:
        self._metrics.record_queues(at)
        self._looked_at &= {each.alarm_arn for each in self._alarms()}
        for each in self._alarms():
            if each.alarm_arn not in self._looked_at:
                self._look(each, at)

    def _alarms(self) -> list[Alarm]:
        alarms = self._scope.regional(cloudwatch_backends).alarms
        return [alarms[name] for name in sorted(alarms)]

    def _look(self, alarm: Alarm, at: datetime) -> AlarmState:
        self._looked_at.add(alarm.alarm_arn)
        rule = Rule(
            comparison=alarm.comparison_operator,
            threshold=alarm.threshold,
            evaluation_periods=alarm.evaluation_periods,
            datapoints_to_alarm=alarm.datapoints_to_alarm or alarm.evaluation_periods,
            missing=alarm.treat_missing_data or "missing",
        )
        before = alarm.state_value
        verdict = evaluate(rule, self._datapoints(alarm, rule.range, at))
        if verdict and verdict.state != before:
            alarm.update_state(verdict.reason, "{}", verdict.state)
            alarm.state_updated_timestamp = at.astimezone(UTC).replace(tzinfo=None)
            self._act(StateChange(alarm, before, verdict.state, verdict.reason, at.astimezone(UTC)))
        return AlarmState(
            name=alarm.name,
            description=alarm.description,
            before=before,
            state=alarm.state_value,
            reason=verdict.reason if verdict else alarm.state_reason,
            actions=self._acted.get(alarm.alarm_arn, ()),
        )

    def _datapoints(self, alarm: Alarm, periods: int, at: datetime) -> list[Datapoint | None]:
        """The newest first. Periods end with the minute, whatever their length."""
        period = timedelta(seconds=alarm.period)
        ended = at.astimezone(UTC).replace(second=0, microsecond=0) + MINUTE
        return [self._datapoint(alarm, ended - period * (back + 1), period) for back in range(periods)]

    def _datapoint(self, alarm: Alarm, began: datetime, period: timedelta) -> Datapoint | None:
        dimensions = {str(each.name): str(each.value) for each in alarm.dimensions}
        found = self._metrics.between(alarm.namespace, alarm.metric_name, dimensions, began, began + period)
        statistics = Statistics([alarm.statistic], began)
        statistics.metric_data = [each for each in found if alarm.unit in (None, each.unit)]
        if not statistics.metric_data:
            return None
        value = statistics.get_statistics_for_type(alarm.statistic)
        return None if value is None else Datapoint(began, float(value))

    def _act(self, change: StateChange) -> None:
        alarm = change.alarm
        by_state = {OK: alarm.ok_actions, ALARM: alarm.alarm_actions}
        actions = by_state.get(change.after, alarm.insufficient_data_actions)
        told = tuple(self._notify(arn, change) for arn in actions) if alarm.actions_enabled else ()
        self._acted[alarm.alarm_arn] = told

    def _notify(self, topic_arn: str, change: StateChange) -> str:
        """Publish, and return what the alarm's history says of the action."""
        topic = self._scope.regional(sns_backends).topics.get(topic_arn)
        problem = self._refusal(topic, topic_arn, change.alarm)
        if topic is None or problem:
            return f'Failed to execute action {topic_arn}. Received error: "{problem}"'
        topic.publish(message(self._scope, change), subject=subject(self._scope, change))
        return f"Successfully executed action {topic_arn}"

    def _refusal(self, topic: Topic | None, topic_arn: str, alarm: Alarm) -> str:
        """Why CloudWatch may not publish. It has no role: the policies of topic and key have to let it."""
        if topic is None:
            return "Topic does not exist"
        told: Context = {
            "aws:sourceaccount": (self._scope.account,),
            "aws:sourceowner": (self._scope.account,),
            "aws:sourcearn": (alarm.alarm_arn,),
        }
        if not self._authority.service_may(SERVICE, "sns:Publish", topic.policy, topic_arn, told):
            return (
                f"CloudWatch Alarms is not authorized to perform: SNS:Publish on resource: {topic_arn}"
                " because no resource-based policy allows the SNS:Publish action"
            )
        key_id = topic.kms_master_key_id
        if key_id and not keys.serve(self._scope, self._authority, SERVICE, key_id, told):
            return "CloudWatch Alarms does not have authorization to access the SNS topic encryption key."
        return ""
