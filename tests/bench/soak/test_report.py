"""What a soak counts as lost, failed and out of reach."""

from dataclasses import replace

import pytest

from bench.soak import report
from bench.soak.clients import Failure, Operation
from bench.soak.killer import Kill
from bench.soak.ledger import Push
from bench.soak.prober import Look, Outage, outages
from bench.soak.report import Soak
from bench.soak.verification import Loss

PUSH = Push(1.0, "crane", "soak/one", "1", "sha256:0", ())
LOSS = Loss("soak/one:1", PUSH, "MANIFEST_UNKNOWN")
TWICE = (Failure(10, 11, "503"), Failure(12, 13, "EOF"))
GOOD = Soak(
    minutes=0.3,
    seed=1,
    operations=(Operation("crane", "push", (), False), Operation("crane", "pull", TWICE, False)),
    acknowledged=1,
    kills=(Kill(5, "registry", "registry 12"), Kill(20, "host", "i-1")),
    outages=(Outage(9, 12, "status 503"), Outage(19, 49, "TimeoutError")),
    promised=1,
    lost=(),
    broken=(),
)


def test_an_outage_reaches_from_success_to_success() -> None:
    looks = [Look(1, ""), Look(2, "EOF"), Look(3, "refused"), Look(4, ""), Look(5, ""), Look(6, "EOF")]
    assert outages(looks) == (Outage(1, 4, "EOF"), Outage(5, 6, "EOF"))


def test_a_soak_without_trouble_holds() -> None:
    assert GOOD.holds
    assert report.sections(GOOD)["Trouble"] == "None."


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        ({"lost": (LOSS,)}, "lost: soak/one:1, pushed by crane: MANIFEST_UNKNOWN"),
        ({"broken": ("soak/one: IndexError",)}, "a client stopped: soak/one: IndexError"),
        ({"kills": (Kill(5, "nginx", "", "no unit nginx runs"),)}, "a kill hit nothing: nginx: no unit nginx runs"),
    ],
    ids=["lost", "client", "kill"],
)
def test_trouble_is_told_and_the_soak_does_not_hold(trouble: dict[str, tuple[object, ...]], said: str) -> None:
    soak = replace(GOOD, **trouble)  # type: ignore[arg-type]
    assert not soak.holds
    assert said in report.sections(soak)["Trouble"]


def test_a_soak_that_pulled_nothing_back_does_not_hold() -> None:
    assert not replace(GOOD, promised=0).holds


def test_a_missed_kill_is_not_counted() -> None:
    kills = report.targets(replace(GOOD, kills=(*GOOD.kills, Kill(30, "nginx", "", "no unit"))))[1]
    assert kills.measured == [2]


def test_an_outage_belongs_to_the_kill_before_its_end() -> None:
    assert (GOOD.longest_outage("registry"), GOOD.longest_outage("host")) == (3, 30)


def test_failures_belong_to_the_last_kill_before_their_end() -> None:
    row = next(line for line in report.sections(GOOD)["Kills"].splitlines() if line.startswith("| registry"))
    assert row == "| registry | 1 | 0 | 1 | 3.00 | crane 1 | 503 |"


def test_operations_are_counted_by_how_often_they_failed() -> None:
    row = next(line for line in report.sections(GOOD)["Clients"].splitlines() if "| pull |" in line)
    assert row == "| crane | pull | 1 | 1 | 1 | 0 |"
