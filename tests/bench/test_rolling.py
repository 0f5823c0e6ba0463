"""What counts as failed, stuck and a gap in a rolling update."""

from bench.rolling.operations import Operation, failed, longest_gap, read, slowest, stuck, under_way

WELL, REFUSED = Operation(10, 11, 0), Operation(11, 12, 1)


def test_each_whole_line_of_a_worker_is_an_operation() -> None:
    assert read("10.5\t11.25\t0\n12\t13\t7\n14\t15") == (Operation(10.5, 11.25, 0), Operation(12, 13, 7))


def test_a_gap_reaches_from_success_to_success() -> None:
    assert longest_gap([WELL, REFUSED, Operation(12, 15.5, 1), Operation(16, 17, 0), Operation(17, 18, 0)]) == 6
    assert longest_gap([WELL]) == 0


def test_an_operation_without_an_end_is_stuck_and_has_not_failed() -> None:
    endless = Operation(20, 200, None)
    assert (failed([WELL, REFUSED, endless]), stuck([WELL, REFUSED, endless])) == (1, 1)


def test_an_operation_that_succeeded_after_a_minute_was_stuck() -> None:
    late = Operation(20, 85, 0)
    assert (failed([late]), stuck([late]), slowest([WELL, late])) == (0, 1, 65)


def test_operations_under_way_at_a_move_are_counted_once() -> None:
    assert under_way([WELL, REFUSED, Operation(9, 30, 0)], [10.5, 20]) == 2
