"""moto in this process, made truthful for what the product deploys."""

from rehearsal.cloud.cloud import Cloud
from rehearsal.cloud.values import AccessKey, Instance

__all__ = ["AccessKey", "Cloud", "Instance"]
