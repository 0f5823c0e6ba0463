"""What the two looks say about clients, and what the pairs of them allow."""

from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from lambdas.judge.causes import RepairStep
from lambdas.judge.evidence import (
    Evidence,
    InsideSays,
    OutsideSays,
    client_is_served_again,
    judge_inside,
    judge_outside,
)
from lambdas.judge.sight import Inside
from lambdas.see.facts import Facts
from lambdas.see.http_answer import NO_ANSWER_IN_TIME, NO_END_IN_TIME, Answer
from lambdas.see.probe import Outside, Pull, Served
from lambdas.see.run_command import Delivery
from tests.support.well_registry import MANIFEST, WELCOME, WELL, WELL_FACTS, WELL_OUTSIDE

LATE, REFUSED, UNAVAILABLE = Answer(problem=NO_ANSWER_IN_TIME), Answer(problem="refused"), Answer(503)
GONE = Outside(WELL_OUTSIDE.names, "silent", "silent")


@pytest.mark.parametrize(
    ("login", "manifest", "says"),
    [
        (WELCOME, MANIFEST, OutsideSays.SERVED),
        (WELCOME, UNAVAILABLE, OutsideSays.PARTLY),
        (WELCOME, LATE, OutsideSays.PARTLY),
        (LATE, MANIFEST, OutsideSays.PARTLY),
        (LATE, LATE, OutsideSays.SILENT),
        (LATE, Answer(200, problem=NO_END_IN_TIME), OutsideSays.SILENT),
        (LATE, UNAVAILABLE, OutsideSays.REFUSED),
        (REFUSED, REFUSED, OutsideSays.REFUSED),
        (Answer(401), Answer(401), OutsideSays.REFUSED),
        (Answer(302), Answer(302), OutsideSays.REFUSED),
    ],
)
def test_a_client_is_served_by_a_login_and_a_manifest(login: Answer, manifest: Answer, says: OutsideSays) -> None:
    assert judge_outside(replace(WELL_OUTSIDE, pull=Pull(login, manifest))) == says


@pytest.mark.parametrize(
    ("seen", "says"),
    [
        (Outside(WELL_OUTSIDE.names, "refused"), OutsideSays.REFUSED),
        (GONE, OutsideSays.SILENT),
        (replace(WELL_OUTSIDE, served=Served("expired")), OutsideSays.REFUSED),
        (replace(WELL_OUTSIDE, served=Served("no-handshake", problem="alert")), OutsideSays.REFUSED),
        (replace(WELL_OUTSIDE, served=Served("no-handshake", problem=NO_ANSWER_IN_TIME)), OutsideSays.SILENT),
        (replace(WELL_OUTSIDE, catalog=None, pull=None), OutsideSays.UNKNOWN),
        (replace(WELL_OUTSIDE, catalog=LATE), OutsideSays.SERVED),
        (replace(WELL_OUTSIDE, catalog=Answer(500)), OutsideSays.SERVED),
    ],
)
def test_what_a_client_meets_before_the_login_counts_and_the_catalog_does_not(seen: Outside, says: OutsideSays) -> None:
    assert judge_outside(seen) == says


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({}, InsideSays.WELL),
        ({"nginx": "failed"}, InsideSays.AGREES),
        ({"auth": "inactive"}, InsideSays.AGREES),
        ({"registry": "exited"}, InsideSays.AGREES),
        ({"users_file": "missing"}, InsideSays.AGREES),
        ({"resolver": "broken"}, InsideSays.AGREES),
        ({"clock_offset_seconds": -7200}, InsideSays.AGREES),
        ({"door": "timeout"}, InsideSays.AGREES),
        ({"door": "refused"}, InsideSays.AGREES),
        ({"login": "401"}, InsideSays.AGREES),
        ({"login": "timeout"}, InsideSays.AGREES),
        ({"engine": "refused"}, InsideSays.AGREES),
        ({"engine": "timeout"}, InsideSays.AGREES),
    ],
)
def test_a_host_agrees_if_one_of_its_own_parts_does_not_serve(changed: Any, says: InsideSays) -> None:
    assert judge_inside(replace(WELL, inside=Inside(Delivery.ANSWERED, replace(WELL_FACTS, **changed)))) == says


@pytest.mark.parametrize(
    "changed",
    [
        {"catalog": None},
        {"catalog": 500},
        {"s3": "unreachable"},
        {"s3": "denied", "catalog": 503},
        {"engine": "503", "login": "503", "catalog": 503, "s3": "unreachable"},
        {"disk_used_percent": 100},
        {"memory_available_percent": 1},
        {"slow_listings": 900},
        {"docker": "inactive", "registry": None},
    ],
)
def test_a_slow_or_failing_s3_and_a_loaded_host_are_no_agreement(changed: Any) -> None:
    facts = replace(WELL_FACTS, **changed)
    assert judge_inside(replace(WELL, inside=Inside(Delivery.ANSWERED, facts))) in (InsideSays.WELL, InsideSays.UNKNOWN)


OLDER = replace(WELL_FACTS, door=None, login=None, engine=None, resolver=None, pulled=None)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({}, InsideSays.UNKNOWN),
        ({"nginx": "inactive"}, InsideSays.AGREES),
        ({"registry": "exited", "catalog": 0}, InsideSays.AGREES),
        ({"catalog": 0}, InsideSays.AGREES),
        ({"catalog": None}, InsideSays.UNKNOWN),
    ],
)
def test_a_host_of_an_earlier_version_agrees_by_the_facts_it_has(changed: Any, says: InsideSays) -> None:
    facts = replace(OLDER, **changed)
    assert judge_inside(replace(WELL, inside=Inside(Delivery.ANSWERED, facts))) == says


@pytest.mark.parametrize(
    ("delivery", "seen", "says"),
    [
        (Delivery.TIMED_OUT, GONE, InsideSays.GONE),
        (Delivery.NO_HOST, GONE, InsideSays.GONE),
        (Delivery.THROTTLED, GONE, InsideSays.UNKNOWN),
        (Delivery.TIMED_OUT, Outside(WELL_OUTSIDE.names, "refused"), InsideSays.UNKNOWN),
        (Delivery.TIMED_OUT, WELL_OUTSIDE, InsideSays.UNKNOWN),
        (Delivery.TIMED_OUT, replace(WELL_OUTSIDE, anonymous=LATE), InsideSays.UNKNOWN),
        (Delivery.ANSWERED, GONE, InsideSays.UNREADABLE),
    ],
)
def test_a_silent_host_is_gone_only_if_nothing_shows_life(delivery: Delivery, seen: Outside, says: InsideSays) -> None:
    assert judge_inside(replace(WELL, outside=seen, inside=Inside(delivery, Facts()))) == says


def test_a_host_that_was_not_asked_says_nothing() -> None:
    assert judge_inside(replace(WELL, inside=None)) == InsideSays.UNKNOWN


def test_nothing_interrupts_without_two_looks_that_agree() -> None:
    allowing = {
        (outside, inside)
        for outside, inside in product(OutsideSays, InsideSays)
        if Evidence(outside, inside).may_interrupt
    }
    assert {outside for outside, _ in allowing} == {OutsideSays.REFUSED, OutsideSays.SILENT}
    assert {inside for _, inside in allowing} == {InsideSays.AGREES, InsideSays.GONE, InsideSays.UNREADABLE}
    assert (OutsideSays.SILENT, InsideSays.UNREADABLE) not in allowing


def test_a_host_that_is_gone_can_only_be_replaced() -> None:
    assert Evidence(OutsideSays.SILENT, InsideSays.GONE).may_interrupt == {RepairStep.INSTANCE}


@pytest.mark.parametrize(
    ("login", "manifest", "with_login", "served"),
    [
        (WELCOME, MANIFEST, True, True),
        (WELCOME, LATE, True, True),
        (LATE, MANIFEST, True, True),
        (LATE, LATE, True, False),
        (Answer(401), Answer(401), True, False),
        (Answer(401), Answer(401), False, True),
        (REFUSED, REFUSED, False, False),
    ],
)
def test_the_last_look_stops_a_repair_if_anything_is_served(
    login: Answer, manifest: Answer, with_login: bool, served: bool
) -> None:
    assert client_is_served_again(Pull(login, manifest), with_login=with_login) is served
