"""What a registry costs in a month, part by part, and what Amazon ECR would cost. Pure."""

from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from doctor.cost.prices import HOSTS, PRICES
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
COPY = "copy of the images"


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
        """Without images, their copy and pulls."""
        return sum(part.usd or 0 for part in self.parts if part.name not in ("images", COPY, "pulls"))


def month(settings: Settings, region: str, use: Use) -> Month:
    def part_in(place: str, name: str, **counts: float) -> Part:
        """``counts`` are units of each price in the region ``place``."""
        amounts = {price: PRICES[price].of(place) for price in counts}
        usd = sum(count * amounts[price].usd for price, count in counts.items())
        return Part(name, usd, all(amount.is_of_region for amount in amounts.values()))

    part = partial(part_in, region)
    checks = timedelta(hours=HOURS) / longest_gap(settings.health_schedule)

    asked = {"put_or_list": checks * CHECK_PUTS_AND_LISTS / 1000, "get_or_head": checks * CHECK_GETS / 1000}
    transfer = max(use.pulled_gb - FREE_TRANSFER_GB, 0)
    host = HOSTS.get(settings.instance_type)
    hour = host.of(region) if host else None
    parts = (
        Part(f"host {settings.instance_type}", HOURS * hour.usd if hour else None, not hour or hour.is_of_region),
        part(f"disk of {ROOT_DISK_GIB} GB", disk=ROOT_DISK_GIB),
        part("public IPv4 address", address_hour=HOURS),
        part("key that encrypts the alerts", key=1),
        part("the engine's own look at S3", put_or_list=ENGINE_LISTS / 1000),
        part("S3 requests of the health check", **asked),
        part("functions", function_gb_second=checks * CHECK_SECONDS * MEMORY_MIB / 1024),
        *([part("hosted zone", zone=1)] if settings.hosted_zone else []),
        part("images", stored=use.stored_gb),
        *([part_in(settings.replica_region, COPY, stored=use.stored_gb)] if settings.replica_region else []),
        part("pulls", transfer=transfer),
    )
    beyond = part("CloudWatch", alarm=ALARMS, metric=METRICS, dashboard=1)
    ecr = part("Amazon ECR", ecr_stored=use.stored_gb, transfer=transfer)
    return Month(region, settings.instance_type, use, parts, beyond.usd or 0, ecr.usd or 0)
