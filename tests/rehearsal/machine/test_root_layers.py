"""The digest under which a layer is kept."""

from rehearsal.machine.root_layers import digest


def test_digest_tells_where_one_part_ends_and_the_next_begins() -> None:
    assert digest("ab", "c") != digest("a", "bc")
