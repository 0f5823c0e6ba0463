"""What the bench says about its numbers."""

from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest

from bench import report
from bench.rounds import Results
from bench.setups import BARE, OURS, Peer
from bench.targets import Target

DIGEST = "digest 64"


def results(bare: list[float], ours: list[float]) -> Results:
    found = Results()
    for name, samples in ((BARE, bare), (OURS, ours)):
        for rps in samples:
            found.add("s3", DIGEST, name, {"rps": rps})
    return found


def test_a_ratio_is_of_medians() -> None:
    found = results(bare=[100, 90, 1], ours=[9000, 9, 10_000])
    assert found.ratio("s3", DIGEST, "rps", OURS, BARE) == 100


def test_what_was_not_measured_has_no_ratio() -> None:
    assert Results().ratio("s3", DIGEST, "rps", OURS, BARE) is None


@pytest.mark.parametrize(
    ("at_least", "ratio", "verdict"),
    [
        (True, 2, "kept"),
        (True, 1.9, "missed"),
        (False, 2, "kept"),
        (False, 2.1, "missed"),
        (True, None, "not measured"),
    ],
)
def test_a_target_is_kept_or_missed(at_least: bool, ratio: float | None, verdict: str) -> None:
    assert Target("it", "s3", DIGEST, "rps", BARE, 2, at_least).verdict(ratio) == verdict


def test_the_section_takes_the_place_of_the_one_before_and_leaves_the_others(tmp_path: Path) -> None:
    file = tmp_path / "RESULTS.md"
    file.write_text("# Results\n\n## One\n1\n")
    report.write_section(file, f"{report.HEADING}\n\nfirst\n")
    file.write_text(file.read_text() + "\n## Two\n2\n")
    report.write_section(file, f"{report.HEADING}\n\nsecond\n")
    assert file.read_text() == f"# Results\n\n## One\n1\n\n{report.HEADING}\n\nsecond\n\n## Two\n2\n"


def test_a_storage_has_tables_and_columns_of_what_was_measured_on_it() -> None:
    section = report.section(results([100], [9000]), ["zot"], [64], "about")
    assert "### Requests, S3" in section
    assert "### Requests, filesystem" not in section
    assert f"|  | {BARE} | {OURS} |" in section


def test_the_plot_is_an_image_even_of_a_part() -> None:
    picture = report.plot(results([100], [9000]), ["a <peer>"], 64)
    assert Xml.fromstring(picture).tag.endswith("svg")  # noqa: S314 - our own text
    assert "a &lt;peer&gt;" in picture


def test_a_peer_has_a_name_a_command_and_an_address() -> None:
    peer = Peer.parse("zot=zot serve a@b.json@http://127.0.0.1:8080")
    assert peer == Peer("zot", "zot serve a@b.json", "http://127.0.0.1:8080")
    with pytest.raises(ValueError, match="NAME=COMMAND@URL"):
        Peer.parse("zot=zot serve")


@pytest.mark.parametrize(
    ("value", "text"), [(None, "-"), (0, "0"), (12_345.6, "12,346"), (12.345, "12.3"), (0.012345, "0.0123")]
)
def test_a_number_has_three_digits(value: float | None, text: str) -> None:
    assert report.number(value) == text
