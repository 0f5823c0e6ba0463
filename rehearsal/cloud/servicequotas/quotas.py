"""The account's quotas that a deployment meets."""

from dataclasses import dataclass, field

# AWS's defaults for a new account. https://docs.aws.amazon.com/general/latest/gr/vpc-service.html, …/ec2-service.html
ADDRESSES = ("ec2", "L-0263D0A3")
GATEWAYS = ("vpc", "L-A4707A72")
VPCS = ("vpc", "L-F678F1CE")
DEFAULTS = {ADDRESSES: 5, GATEWAYS: 5, VPCS: 5}


@dataclass(slots=True)
class Quotas:
    """``changed`` are the quotas that the account does not share with every other, by service and code."""

    changed: dict[tuple[str, str], int] = field(default_factory=dict)
    asked: bool = False
    """Whether the API has been asked before: it refuses the first question as one too many."""

    def limit(self, quota: tuple[str, str]) -> int:
        return self.changed.get(quota, DEFAULTS[quota])
