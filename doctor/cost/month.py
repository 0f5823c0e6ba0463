"""What a registry costs in a month, part by part, and what Amazon ECR would cost. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from doctor.cost.prices import HOSTS, PRICES, Amount
from stacks.host.stack import ROOT_DISK_GIB
from stacks.operations.functions import MEMORY_MIB
from stacks.settings.schedule import longest_gap
from stacks.settings.settings import Settings

# AWS's own month. https://docs.aws.amazon.com/pricing-calculator/latest/userguide/what-is-pricing-calculator.html
HOURS = 730
# distribution 3.1.2 asks S3 once every 30 s: a LIST of one key, as a HEAD of the empty key cannot be sent
# (userdata/etc/registry/registry.yml, registry/storage/driver/s3-aws/s3.go).
ENGINE_LISTS = HOURS * 120
# Requests and seconds of one health check, the host's part included: docs/costs.md says how they were counted.
CHECK_PUTS_AND_LISTS = 3
CHECK_GETS = 4
CHECK_SECONDS = 2.0
# CloudWatch's free share of an account; the registry has as many, and one of three dashboards.
ALARMS = METRICS = 10
FREE_TRANSFER_GB = 100


@dataclass(frozen=True, slots=True)
class Use:
    """``pulled_gb`` go to clients on the internet each month."""

    stored_gb: float = 50
    pulled_gb: float = 50


@dataclass(frozen=True, slots=True)
class Part:
    name: str
    usd: float | None
    """``None`` if the table has no price for it."""

    is_of_region: bool = True


@dataclass(frozen=True, slots=True)
class Month:
    region: str
    instance_type: str
    use: Use
    parts: tuple[Part, ...]
    beyond_free_share: float
    """More, where the account's free share of CloudWatch is used up."""

    ecr: float

    @property
    def total(self) -> float:
        return sum(part.usd or 0 for part in self.parts)

    @property
    def fixed(self) -> float:
        """Without images and pulls."""
        return sum(part.usd or 0 for part in self.parts if part.name not in ("images", "pulls"))


def month(settings: Settings, region: str, use: Use) -> Month:
    def amount(name: str) -> Amount:
        return PRICES[name].of(region)

    def cost(name: str, count: float) -> float:
        return count * amount(name).usd

    checks = timedelta(hours=HOURS) / longest_gap(settings.health_schedule)

    def parts() -> Iterator[Part]:
        host = HOSTS.get(settings.instance_type)
        hour = host.of(region) if host else None
        yield Part(f"host {settings.instance_type}", HOURS * hour.usd if hour else None, not hour or hour.is_of_region)
        for name, price, count in (
            (f"disk of {ROOT_DISK_GIB} GB", "disk", ROOT_DISK_GIB),
            ("public IPv4 address", "address_hour", HOURS),
            ("key that encrypts the alerts", "key", 1),
            ("the engine's own look at S3", "put_or_list", ENGINE_LISTS / 1000),
            ("S3 requests of the health check", "put_or_list", checks * CHECK_PUTS_AND_LISTS / 1000),
            ("functions", "function_gb_second", checks * CHECK_SECONDS * MEMORY_MIB / 1024),
            *([("hosted zone", "zone", 1)] if settings.hosted_zone else []),
            ("images", "stored", use.stored_gb),
            ("pulls", "transfer", max(use.pulled_gb - FREE_TRANSFER_GB, 0)),
        ):
            extra = cost("get_or_head", checks * CHECK_GETS / 1000) if name.startswith("S3 requests") else 0
            yield Part(name, cost(price, count) + extra, amount(price).is_of_region)

    beyond = cost("alarm", ALARMS) + cost("metric", METRICS) + cost("dashboard", 1)
    pulls = cost("transfer", max(use.pulled_gb - FREE_TRANSFER_GB, 0))
    return Month(region, settings.instance_type, use, tuple(parts()), beyond, cost("ecr_stored", use.stored_gb) + pulls)
