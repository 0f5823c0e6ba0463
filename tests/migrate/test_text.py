"""What a person reads of a migration."""

import pytest

from migrate.comparison import Finding, Findings, Item, State
from migrate.progress import bar, duration
from migrate.text import not_copied, plan_lines, result_lines

FINDINGS: Findings = {
    Item("app", "1.0"): Finding(State.SAME),
    Item("app", "2.0"): Finding(State.MISSING),
    Item("app", "latest"): Finding(State.OTHER, "the target has sha256:ab there"),
    Item("app", "sha256-cd"): Finding(State.LIST),
    Item("old", "1"): Finding(State.IMPOSSIBLE, "schema 1"),
    Item("app", "sha256:ef", "sha256:cd"): Finding(State.GONE),
}


def test_the_plan_counts_what_happens_and_names_what_does_not() -> None:
    assert list(plan_lines(FINDINGS, overwrite=False)) == [
        "          1  to copy",
        "          1  there already, and verified",
        "          1  with another image there, left as they are: --overwrite replaces them",
        "          1  impossible to copy",
        "          1  gone from the source meanwhile",
        "    app:latest: the target has sha256:ab there",
        "    old:1: schema 1",
    ]


def test_the_plan_says_that_tags_will_be_replaced() -> None:
    assert "          1  with another image there, to be replaced" in list(plan_lines(FINDINGS, overwrite=True))


def test_the_result_names_what_is_not_there_with_the_tools_reason_first() -> None:
    assert list(result_lines(FINDINGS, {"app:2.0": "the layer is not there"}, 1_000, 2_000)) == [
        "Verified: 1 tag or attachment has the same digest on both sides. 1,000 manifests were read back, and 2,000"
        " layers and configurations found in their full size.",
        "Gone from the source, so not copied: app@sha256:ef",
        "Could not be copied: 3",
        "    app:2.0: the layer is not there",
        "    app:latest: the target has sha256:ab there",
        "    old:1: schema 1",
    ]


def test_what_is_gone_from_the_source_is_no_failure() -> None:
    assert not not_copied({Item("app", "1.0"): Finding(State.GONE, "the source does not have it any more")})


@pytest.mark.parametrize(("done", "total", "full"), [(0, 10, 0), (5, 10, 15), (10, 10, 30), (0, 0, 30)])
def test_a_bar_is_as_full_as_the_work_is_done(done: int, total: int, full: int) -> None:
    assert bar(done, total) == f"[{'#' * full}{'.' * (30 - full)}]"


@pytest.mark.parametrize(("seconds", "text"), [(5, "5 s"), (89, "89 s"), (120, "2 min"), (9_000, "2.5 h")])
def test_a_duration_is_as_exact_as_a_person_needs_it(seconds: float, text: str) -> None:
    assert duration(seconds) == text
