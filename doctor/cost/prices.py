"""The rows of ``prices.toml``."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# Its prices are known best, and stand for those of a region that is not in the table.
USUAL_REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class Amount:
    usd: float
    is_of_region: bool = True
    """False: the price of us-east-1 stands for it."""


@dataclass(frozen=True, slots=True)
class Price:
    unit: str
    seen: str
    source: str
    page: str
    regions: Mapping[str, float] = field(default_factory=dict)
    everywhere: float | None = None

    def of(self, region: str) -> Amount:
        if self.everywhere is not None:
            return Amount(self.everywhere)
        if region in self.regions:
            return Amount(self.regions[region])
        return Amount(self.regions[USUAL_REGION], is_of_region=False)


def _price(row: Mapping[str, Any], regions: Mapping[str, float] | None = None) -> Price:
    known = regions or row.get("in", {})
    return Price(row["unit"], row["seen"], row["source"], row["page"], known, row.get("everywhere"))


_ROWS = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
HOSTS = {name: _price(_ROWS["host_hour"], regions) for name, regions in _ROWS["host_hour"]["types"].items()}
PRICES = {name: _price(row) for name, row in _ROWS.items() if name != "host_hour"}
