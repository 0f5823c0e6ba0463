"""The dashboard: health, speed, disk and memory, images and the certificate on one page."""

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks.operations.metrics import own_metric

_WHOLE_ROW = 24


def add_dashboard(
    scope: Construct, construct_id: str, *, domain_name: str, images: s3.IBucket, alarms: Sequence[cloudwatch.IAlarm]
) -> cloudwatch.Dashboard:
    minutes, day = Duration.minutes(5), Duration.days(1)

    def own(name: str, label: str, statistic: str) -> cloudwatch.Metric:
        return own_metric(domain_name, name, statistic=statistic, period=minutes).with_(label=label)

    def stored(name: str, label: str, kind: str) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace="AWS/S3",
            metric_name=name,
            dimensions_map={"BucketName": images.bucket_name, "StorageType": kind},
            statistic="Average",
            period=day,
            label=label,
        )

    def number(title: str, metric: cloudwatch.IMetric, width: int) -> cloudwatch.SingleValueWidget:
        return cloudwatch.SingleValueWidget(title=title, metrics=[metric], width=width, height=4)

    def graph(
        title: str, *metrics: cloudwatch.IMetric, lowest: float = 0, highest: float | None = None
    ) -> cloudwatch.GraphWidget:
        axis = cloudwatch.YAxisProps(min=lowest, max=highest, show_units=False)
        return cloudwatch.GraphWidget(title=title, left=list(metrics), left_y_axis=axis, width=8, height=6)

    dashboard = cloudwatch.Dashboard(scope, construct_id, default_interval=Duration.days(7))
    dashboard.add_widgets(
        cloudwatch.AlarmStatusWidget(title=domain_name, alarms=list(alarms), width=_WHOLE_ROW, height=3)
    )
    dashboard.add_widgets(
        number("Is it well? (1 yes, 0 no)", own("Healthy", "well", "Minimum"), 5),
        number("Since when? (hours)", own("HoursWell", "hours", "Maximum"), 5),
        number("Certificate good for (days)", own("CertificateDaysLeft", "days", "Minimum"), 5),
        number("Days since the last renewal run", own("DaysSinceRenewalRun", "days", "Maximum"), 5),
        number("Who gets alerts? (0: confirm the mail)", own("AlertReceivers", "confirmed", "Minimum"), 4),
    )
    dashboard.add_widgets(
        graph("Well", own("Healthy", "1 well, 0 not", "Minimum"), highest=1),
        graph(
            "How fast? A client's login and catalog, ms",
            own("ProbeMilliseconds", "median", "p50"),
            own("ProbeMilliseconds", "slowest", "Maximum"),
        ),
        graph(
            "How full? The host, %",
            own("DiskUsed", "disk used", "Maximum"),
            own("MemoryAvailable", "memory available", "Minimum"),
            highest=100,
        ),
    )
    dashboard.add_widgets(
        graph("How full? Images, bytes", stored("BucketSizeBytes", "bytes", "StandardStorage")),
        graph("How full? Objects", stored("NumberOfObjects", "objects", "AllStorageTypes")),
        graph("Certificate, % of its life left", own("CertificateLifeLeft", "life left", "Minimum"), highest=100),
    )
    return dashboard
