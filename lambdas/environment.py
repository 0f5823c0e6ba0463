"""What the operations stack tells a function, in the variables of its environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Self

from lambdas.aws.state_store import StateObject
from lambdas.see.probe import Endpoint
from lambdas.see.run_command import Doorbell
from lambdas.tell.alert import Registry


class IncompleteEnvironmentError(Exception):
    """Names every variable that is missing."""


@dataclass(frozen=True, slots=True)
class Environment:
    domain_name: str
    address: str
    document_name: str
    topic_arn: str
    state_bucket: str
    runbook: str
    aws_region: str

    @classmethod
    def read(cls, variables: Mapping[str, str] = os.environ) -> Self:
        names = [each.name for each in fields(cls)]
        missing = [name.upper() for name in names if not variables.get(name.upper())]
        if missing:
            raise IncompleteEnvironmentError(f"missing: {', '.join(missing)}")
        return cls(**{name: variables[name.upper()] for name in names})

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint(self.domain_name, self.address)

    @property
    def registry(self) -> Registry:
        return Registry(self.domain_name, self.aws_region, self.runbook)

    @property
    def doorbell(self) -> Doorbell:
        return Doorbell(self.document_name, self.domain_name)

    @property
    def health_object(self) -> StateObject:
        return StateObject(self.state_bucket, f"health/{self.domain_name}.json")

    @property
    def renewal_object(self) -> StateObject:
        return StateObject(self.state_bucket, f"renewal/{self.domain_name}.json")


@dataclass(frozen=True, slots=True)
class HealthEnvironment(Environment):
    health_parameter: str
    renewal_function: str
    repair_enabled: str

    @property
    def repairs(self) -> bool:
        return self.repair_enabled == "true"
