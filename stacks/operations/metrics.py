"""The functions' own CloudWatch metrics."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

NAMESPACE = "PrivateRegistry"


def own_metric(domain_name: str, name: str, *, statistic: str, period: Duration) -> cloudwatch.Metric:
    """Powertools puts the registry's name into the dimension ``service``."""
    metric = cloudwatch.Metric(namespace=NAMESPACE, metric_name=name, dimensions_map={"service": domain_name})
    return metric.with_(statistic=statistic, period=period)
