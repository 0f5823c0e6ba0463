"""The price as text: at the end of the doctor's report, in README and in docs/costs.md."""

from collections.abc import Iterable, Iterator, Sequence

from doctor.cost.month import Month, Use, month
from doctor.cost.prices import HOSTS, PRICES, USUAL_REGION
from stacks.settings.settings import Settings

SHOWN_TYPES = ("t4g.nano", "t4g.micro", "t4g.small")


def month_lines(costs: Month) -> Iterator[str]:
    use = costs.use
    yield (
        f"A month in {costs.region}, US dollars without tax, {use.stored_gb:g} GB stored and {use.pulled_gb:g} GB"
        " pulled over the internet:"
    )
    for part in costs.parts:
        usd = "     ?" if part.usd is None else f"{part.usd:6.2f}"
        yield f"  {usd}  {part.name}{'' if part.is_of_region else ' *'}"
    unknown = any(part.usd is None for part in costs.parts)
    yield f"  {costs.total:6.2f}  together{', without the host' if unknown else ''}"
    yield f"  {costs.ecr:6.2f}  Amazon ECR, for the same images and pulls"
    if any(not part.is_of_region for part in costs.parts):
        yield f"* {USUAL_REGION}'s price: the table has none for {costs.region}."
    yield (
        f"CloudWatch is free within an account's share, and costs {costs.beyond_free_share:.2f} beyond it."
        " Sources and dates: doctor/cost/prices.toml."
    )


def usual_months() -> list[Month]:
    """Of the types in README, in us-east-1, with no image yet and no zone of their own."""
    needed = {"domain_name": "registry.example.com", "alert_email": "you@example.com"}
    settings = (Settings.from_context({**needed, "instance_type": name}) for name in SHOWN_TYPES)
    return [month(each, USUAL_REGION, Use(0, 0)) for each in settings]


def break_even_gb(costs: Month) -> float:
    """Below it, ECR is cheaper."""
    return costs.fixed / (PRICES["ecr_stored"].of(costs.region).usd - PRICES["stored"].of(costs.region).usd)


def readme_lines() -> str:
    months = usual_months()
    dollars = _listed([f"{costs.fixed:.0f}" for costs in months])
    gigabytes = _listed([f"{round(break_even_gb(costs), -1):.0f}" for costs in months])
    stored, ecr = (PRICES[name].of(USUAL_REGION).usd for name in ("stored", "ecr_stored"))
    return (
        f"About {dollars} USD a month ({SHOWN_TYPES[0]}, {SHOWN_TYPES[1]}, or {SHOWN_TYPES[2]}, the default),"
        f" and {stored} USD per GB of images in S3.\n"
        f"Amazon ECR has no host to pay and costs {ecr:.2f} USD per GB, so ECR is cheaper below about {gigabytes} GB."
    )


def _listed(texts: Sequence[str]) -> str:
    return f"{', '.join(texts[:-1])} or {texts[-1]}"


def parts_table() -> str:
    months = usual_months()
    rows = [
        (_without_type(parts[0].name), *(f"{part.usd:.2f}" for part in parts))
        for parts in zip(*(costs.parts for costs in months), strict=True)
        if parts[0].name not in ("images", "pulls")
    ]
    together = ("**together, before the first image**", *(f"**{costs.fixed:.2f}**" for costs in months))
    return _table(("part", *SHOWN_TYPES), [*rows, together])


def _without_type(name: str) -> str:
    return name.replace(f" {SHOWN_TYPES[0]}", "")


def break_even_table() -> str:
    rows = [(costs.instance_type, f"{break_even_gb(costs):.0f} GB") for costs in usual_months()]
    return _table(("host", "ECR is cheaper below"), rows)


def sources_table() -> str:
    rows = (
        (
            f"[{price.unit}]({price.page})",
            f"{price.of(USUAL_REGION).usd:.10f}".rstrip("0").rstrip("."),
            price.seen,
            price.source,
        )
        for price in (HOSTS[SHOWN_TYPES[-1]], *PRICES.values())
    )
    return _table(("price of a", f"USD in {USUAL_REGION}", "seen", "source"), rows)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = (head, ["---"] * len(head), *rows)
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
