"""The one account and region that the rehearsal emulates, and the way from it to moto's state."""

from dataclasses import dataclass
from typing import TypeVar

from moto.core.base_backend import BackendDict, BaseBackend

Backend = TypeVar("Backend", bound=BaseBackend)
# The partition of every region outside China and the government's clouds.
PARTITION = "aws"


@dataclass(frozen=True, slots=True)
class Scope:
    account: str
    region: str

    def regional(self, backends: BackendDict[Backend]) -> Backend:
        """moto's state of a service that each region has for itself, such as EC2."""
        return backends[self.account][self.region]

    def wide(self, backends: BackendDict[Backend]) -> Backend:
        """moto's state of a service that all regions share: IAM, STS, S3's bucket names, Route 53."""
        return backends[self.account][PARTITION]

    def arn(self, service: str, resource: str) -> str:
        return f"arn:{PARTITION}:{service}:{self.region}:{self.account}:{resource}"
