"""The price: one table of prices, which the report, README and docs/costs.md share."""

import re

import pytest

from docs.costs import PAGE, with_tables
from doctor.cost.month import ALARMS, Use, month
from doctor.cost.prices import HOSTS, PRICES, Price
from doctor.cost.text import month_lines, readme_lines
from tests.support.assembly import PROJECT, Assembly
from tests.support.settings import settings


def costs_of(region: str = "us-east-1", use: Use | None = None, **changed: object) -> dict[str, float | None]:
    return {part.name: part.usd for part in month(settings(**changed), region, use or Use()).parts}


def test_readme_has_the_sentences_of_the_table() -> None:
    assert readme_lines() in (PROJECT / "README.md").read_text()


def test_the_page_of_costs_is_as_the_table_makes_it() -> None:
    assert PAGE.read_text() == with_tables(PAGE.read_text()), "run `.venv/bin/python -m docs.costs`"


@pytest.mark.parametrize("price", [*HOSTS.values(), *PRICES.values()])
def test_every_price_has_its_source_and_the_day_it_was_seen(price: Price) -> None:
    assert re.fullmatch(r"\d{4}-\d{2}(-\d{2})?|unknown", price.seen)
    assert price.source
    assert price.page.startswith("https://aws.amazon.com/")


def test_a_host_costs_its_hours() -> None:
    assert costs_of(instance_type="t4g.nano")["host t4g.nano"] == pytest.approx(730 * 0.0042)


def test_a_copy_costs_what_its_region_takes_for_storing_it() -> None:
    costs = costs_of(use=Use(100, 0), replica_region="eu-central-1")
    assert costs["images"] == pytest.approx(2.3)
    assert costs["copy of the images"] == pytest.approx(2.45)
    assert "copy of the images" not in costs_of(use=Use(100, 0))
    with_copy, without = (
        month(settings(**changed), "us-east-1", Use()) for changed in ({"replica_region": "eu-west-1"}, {})
    )
    assert with_copy.fixed == without.fixed


def test_a_type_without_a_price_is_not_guessed() -> None:
    assert costs_of(instance_type="m7i.large")["host m7i.large"] is None
    text = "\n".join(month_lines(month(settings(instance_type="m7i.large"), "us-east-1", Use())))
    assert "     ?  host m7i.large" in text
    assert "together, without the host" in text


def test_a_region_without_a_price_is_marked() -> None:
    text = "\n".join(month_lines(month(settings(), "sa-east-1", Use())))
    assert " 19.56  host t4g.small\n" in text
    assert "disk of 16 GB *" in text
    assert "us-east-1's price: the table has none for sa-east-1" in text


def test_the_engine_asks_s3_twice_a_minute_and_pays_for_lists() -> None:
    assert costs_of()["the engine's own look at S3"] == pytest.approx(87_600 * 0.005 / 1000)
    assert "interval: 30s" in (PROJECT / "userdata/etc/registry/registry.yml").read_text()


def test_pulls_within_the_free_share_cost_nothing_on_either() -> None:
    free = month(settings(), "us-east-1", Use(stored_gb=10, pulled_gb=100))
    paid = month(settings(), "us-east-1", Use(stored_gb=10, pulled_gb=200))
    assert free.ecr == pytest.approx(1.0)
    assert paid.total - free.total == pytest.approx(9.0) == paid.ecr - free.ecr


def test_fewer_checks_cost_less() -> None:
    seldom, often = costs_of(health_schedule="rate(1 hour)"), costs_of(health_schedule="rate(5 minutes)")
    for part in ("functions", "S3 requests of the health check"):
        assert (seldom[part] or 0) * 12 == pytest.approx(often[part])


def test_a_zone_is_counted_where_there_is_one() -> None:
    assert "hosted zone" not in costs_of()
    assert costs_of(hosted_zone="example.com")["hosted zone"] == 0.5


def test_the_stacks_have_as_many_alarms_as_are_counted(assembly: Assembly) -> None:
    assert len(assembly.operations.of_type("AWS::CloudWatch::Alarm")) == ALARMS
