"""Any output of a host is read: each fact is in its form or unknown."""

from dataclasses import fields, replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdas.see.facts import LONGEST_OUTPUT, Facts, read_lines
from tests.support.well_registry import WELL_FACTS, lines

KEYS = st.sampled_from([field.name for field in fields(Facts)])
quickly = settings(max_examples=60, deadline=None)


def test_the_output_of_diagnose_is_read_back() -> None:
    assert Facts.read(lines(WELL_FACTS)) == WELL_FACTS


def test_a_moment_without_a_zone_is_in_utc() -> None:
    for text in ("2027-01-30T03:17:00Z", "2027-01-30 03:17:00", "2027-01-30T04:17:00+01:00"):
        assert Facts.read(f"certificate_not_after={text}").certificate_not_after == datetime(
            2027, 1, 30, 3, 17, tzinfo=UTC
        )


@pytest.mark.parametrize(
    "line",
    [
        "disk_used_percent=unknown",
        "disk_used_percent=",
        "disk_used_percent=ninety",
        "disk_used_percent=9\x0096",
        "disk_used_percent=1e99",
        "disk_used_percent=" + "9" * 400,
        " disk_used_percent=95",
        "DISK_USED_PERCENT=95",
        "disk_used_percent=95\ndisk_used_percent=20",
        "disk_used_percent=٩٥",
    ],
)
def test_a_line_out_of_form_is_no_fact(line: str) -> None:
    assert Facts.read(line).disk_used_percent is None


def test_a_line_repeated_unchanged_is_a_fact() -> None:
    assert Facts.read("disk_used_percent=95\r\ndisk_used_percent=95").disk_used_percent == 95


def test_an_unknown_word_is_no_fact() -> None:
    assert Facts.read("nginx=active; reboot\naddress=yours\ncertificate=fine") == Facts()


def test_facts_before_a_cut_in_the_output_are_kept() -> None:
    whole = lines(WELL_FACTS)
    read = Facts.read(whole[: whole.index("disk_used_percent")] + "disk_us")
    assert (read.docker, read.disk_used_percent) == ("active", None)


def test_nothing_beyond_the_longest_output_is_read() -> None:
    assert Facts.read("x" * LONGEST_OUTPUT + "\nnginx=failed") == Facts()


@quickly
@given(st.text(max_size=3000) | st.binary(max_size=3000).map(lambda raw: raw.decode("latin-1")))
def test_garbage_is_read_without_an_error(output: str) -> None:
    for value in read_lines(output).values():
        assert value.isprintable() or not value.isascii()
        assert "\n" not in value
    Facts.read(output)


@quickly
@given(st.lists(st.tuples(KEYS, st.text(max_size=300))))
def test_any_value_of_any_key_is_in_form_or_unknown(pairs: list[tuple[str, str]]) -> None:
    read = Facts.read("\n".join(f"{key}={value}" for key, value in pairs))
    assert read.nginx in {None, "active", "failed", "inactive", "activating", "deactivating", "reloading"}
    assert read.registry_log is None or len(read.registry_log) <= 200
    assert read.disk_used_percent is None or abs(read.disk_used_percent) < 10**9


@quickly
@given(KEYS)
def test_a_missing_key_leaves_the_others_known(name: str) -> None:
    without = replace(WELL_FACTS, **{name: None})
    assert Facts.read(lines(without)) == without
