"""The numbers behind the dashboard and the alarms. Ten metrics are free: these nine, and the renewal's."""

from collections.abc import Mapping
from datetime import timedelta

from aws_lambda_powertools.metrics import MetricUnit

from lambdas.judge.diagnosis import Diagnosis
from lambdas.judge.memory import HealthMemory, RenewalMemory
from lambdas.judge.sight import Sight

Measures = Mapping[str, tuple[MetricUnit, float]]

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


def health_measures(
    sight: Sight, diagnosis: Diagnosis, memory: HealthMemory, renewal: RenewalMemory, receivers: int | None
) -> Measures:
    served, facts = sight.outside.served, sight.facts
    days_left = served.days_left(sight.now) if served else None
    life_left = served.life_left(sight.now) if served else None
    well_for = sight.now - memory.incident.since if diagnosis.cause is None else timedelta()
    # Before the first renewal, the days since the first health check.
    since_renewal = sight.now - (renewal.asked_at or memory.started_at)
    values = {
        "Healthy": (MetricUnit.Count, float(diagnosis.cause is None)),
        "HoursWell": (MetricUnit.Count, well_for / _HOUR),
        "ProbeMilliseconds": (MetricUnit.Milliseconds, float(sight.outside.milliseconds)),
        "CertificateDaysLeft": (MetricUnit.Count, days_left),
        "CertificateLifeLeft": (MetricUnit.Percent, life_left and life_left * 100),
        "DiskUsed": (MetricUnit.Percent, facts.disk_used_percent),
        "MemoryAvailable": (MetricUnit.Percent, facts.memory_available_percent),
        "AlertReceivers": (MetricUnit.Count, receivers),
        "DaysSinceRenewalRun": (MetricUnit.Count, since_renewal / _DAY),
    }
    return {name: (unit, float(value)) for name, (unit, value) in values.items() if value is not None}
