"""The front door's medians, ratios, tables and plot."""

from xml.etree import ElementTree as Xml

import pytest

from bench.door import plot, report
from bench.door.measure import FULL
from bench.door.rounds import Results
from bench.door.setups import BARE, OURS, Peer
from bench.door.targets import targets

DIGEST = "digest 64"


def results(bare: list[float], ours: list[float]) -> Results:
    found = Results()
    for name, samples in ((BARE, bare), (OURS, ours)):
        for rps in samples:
            found.add("s3", DIGEST, name, {"rps": rps})
    return found


def test_a_ratio_divides_medians() -> None:
    found = results(bare=[100, 90, 1], ours=[9000, 9, 10_000])
    assert found.ratio("s3", DIGEST, "rps", OURS, BARE) == 100


def test_an_unmeasured_ratio_is_none() -> None:
    assert Results().ratio("s3", DIGEST, "rps", OURS, BARE) is None


def test_a_target_has_a_ratio_for_each_load() -> None:
    first = targets(results([100], [9000]), FULL, [])[0]
    assert (list(first.measured), first.verdict()) == ([90, None], "kept")


def test_only_measured_set_ups_have_a_column() -> None:
    section = report.section(results([100], [9000]), "s3", ["zot"], [64])
    assert section.startswith("### Requests: requests/s")
    assert f"|  | {BARE} | {OURS} |" in section


def test_only_measured_storages_count_as_measured() -> None:
    found = results([100], [9000])
    assert [storage for storage in ("filesystem", "s3") if found.has(storage, OURS)] == ["s3"]


def test_the_plot_is_an_image_even_without_all_numbers() -> None:
    picture = plot.plot(results([100], [9000]), ["a <peer>"])
    assert Xml.fromstring(picture).tag.endswith("svg")  # noqa: S314 - our own text
    assert "a &lt;peer&gt;" in picture


def test_a_peer_has_a_name_a_command_and_an_address() -> None:
    peer = Peer.parse("zot=zot serve a@b.json@http://127.0.0.1:8080")
    assert peer == Peer("zot", "zot serve a@b.json", "http://127.0.0.1:8080")
    with pytest.raises(ValueError, match="NAME=COMMAND@URL"):
        Peer.parse("zot=zot serve")
