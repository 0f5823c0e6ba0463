"""The results page: verdicts, rows and sections."""

import datetime
from pathlib import Path

import pytest

from bench import page
from bench.page import Target


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
    assert Target("it", 2, [ratio], at_least).verdict() == verdict


def test_one_miss_of_several_loads_is_a_miss_in_bold() -> None:
    cells = Target("it", 2, [2.5, 1.9], at_least=True, unit=" s").cells()
    assert cells == ["it", "at least 2 s", "2.50, **1.90**", "missed"]


def test_a_section_replaces_the_former_one_and_leaves_the_others(tmp_path: Path) -> None:
    file = tmp_path / "results" / "it.md"
    file.parent.mkdir()
    file.write_text("# Results\n\n## One\n1\n")
    page.report(tmp_path / "RESULTS.md", "it", {"Mine": "first"})
    file.write_text(file.read_text() + "\n## Two\n2\n")
    page.report(tmp_path / "RESULTS.md", "it", {"Mine": "second"})
    assert file.read_text() == "# Results\n\n## One\n1\n\n## Mine\n\nsecond\n\n## Two\n2\n"


def test_a_measured_target_replaces_its_former_row_only() -> None:
    today = datetime.date.today().isoformat()
    before = page.with_targets(
        "# Results\n\n| subject |\n\nThe end.\n", "it", [Target("one", 2, [1]), Target("two", 2, [1])]
    )
    after = page.with_targets(before, "it", [Target("one", 2, [3]), Target("two", 2, [None])])
    assert after.splitlines()[2:] == [
        "| subject |",
        f"| [it](results/it.md) | one | at most 2 | **3.00** | missed | {today} |",
        f"| [it](results/it.md) | two | at most 2 | 1.00 | kept | {today} |",
        "",
        "The end.",
    ]


@pytest.mark.parametrize(
    ("value", "text"), [(None, "-"), (0, "0"), (12_345.6, "12,346"), (12.345, "12.3"), (0.012345, "0.0123")]
)
def test_a_number_has_three_digits(value: float | None, text: str) -> None:
    assert page.number(value) == text
