"""What the bench says of bad days."""

from bench.dependencies.stand import Done
from bench.dependencies.subject import DAYS, Seen, clients_table, result_table, targets

DONE, REFUSED, ENDLESS = Done(0, 2.0, ""), Done(1, 3.0, "first\nHTTP 500 | s3aws\n"), Done(None, 90.0, "")


def seen(*, lost: tuple[str, ...] = (), failed_again: tuple[str, ...] = (), well_seconds: float = 0.2) -> Seen:
    pushes = {"docker": REFUSED, "skopeo": DONE, "crane": DONE}
    pulls = {"docker": ENDLESS, "skopeo": DONE, "crane": DONE}
    return Seen(DAYS[0], {}, pushes, pulls, lost, failed_again, well_seconds)


def test_a_client_is_shown_with_its_last_words() -> None:
    row = next(line for line in clients_table([seen()]).splitlines() if "docker" in line)
    assert row.endswith("| docker | exit code 1 after 3 s: HTTP 500   s3aws | no end after 90 s: nothing |")


def test_only_acknowledged_pushes_can_be_lost() -> None:
    row = result_table([seen(lost=("crane",), failed_again=("docker",))]).splitlines()[-1]
    assert row == "| S3 answers 500 | 2 of 3 | crane | docker | 0.200 |"


def test_one_lost_push_or_one_slow_day_misses_a_target() -> None:
    kept = [target.verdict() for target in targets([seen(), seen()])]
    assert kept == ["kept", "kept", "kept"]
    missed = [target.verdict() for target in targets([seen(), seen(lost=("crane",), well_seconds=6)])]
    assert missed == ["missed", "kept", "missed"]
