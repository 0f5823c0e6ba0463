"""The dashboard: health, speed, disk and memory, images and the certificate on one page."""

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks.operations.metrics import own_metric


def add_dashboard(
    scope: Construct, *, domain_name: str, images: s3.IBucket, alarms: Sequence[cloudwatch.IAlarm]
) -> cloudwatch.Dashboard:
    def own(name: str, label: str, statistic: str) -> cloudwatch.Metric:
        return own_metric(domain_name, name, statistic=statistic, period=Duration.minutes(5)).with_(label=label)

    def stored(name: str, label: str, kind: str) -> cloudwatch.Metric:
        bucket = {"BucketName": images.bucket_name, "StorageType": kind}
        metric = cloudwatch.Metric(namespace="AWS/S3", metric_name=name, dimensions_map=bucket, period=Duration.days(1))
        return metric.with_(statistic="Average", label=label)

    def number(title: str, metric: cloudwatch.IMetric, width: int) -> cloudwatch.SingleValueWidget:
        return cloudwatch.SingleValueWidget(title=title, metrics=[metric], width=width, height=4)

    def graph(
        title: str, *metrics: cloudwatch.IMetric, lowest: float = 0, highest: float | None = None
    ) -> cloudwatch.GraphWidget:
        axis = cloudwatch.YAxisProps(min=lowest, max=highest, show_units=False)
        return cloudwatch.GraphWidget(title=title, left=list(metrics), left_y_axis=axis, width=8, height=6)

    dashboard = cloudwatch.Dashboard(scope, "Dashboard", default_interval=Duration.days(7))
    dashboard.add_widgets(cloudwatch.AlarmStatusWidget(title=domain_name, alarms=list(alarms), width=24, height=3))
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
