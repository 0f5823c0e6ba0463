"""An endpoint, an account and its keys: what AWS's tools call a profile."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


def without_aws(environment: Mapping[str, str]) -> dict[str, str]:
    """Without the account and the keys of the person at this machine."""
    return {name: value for name, value in environment.items() if not name.startswith("AWS_")}


@dataclass(frozen=True, slots=True)
class AwsProfile:
    endpoint_url: str
    region: str
    account_id: str
    access_key_id: str
    secret_access_key: str

    def environment(self) -> dict[str, str]:
        """The standard variables of the AWS SDKs."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
        }

    def client(self, service: str, **options: Any) -> Any:
        # Here, because most commands never need it and it takes a third of a second.
        import boto3

        untyped: Any = boto3.client
        return untyped(
            service,
            endpoint_url=self.endpoint_url,
            region_name=self.region,
            aws_access_key_id=self.access_key_id,
            aws_secret_access_key=self.secret_access_key,
            **options,
        )
