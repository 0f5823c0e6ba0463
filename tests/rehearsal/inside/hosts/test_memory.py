"""What a host with little memory sees of it."""

from rehearsal.inside.hosts.memory import meminfo

MIB = 1 << 20


def test_a_small_host_shows_its_limit_and_half_of_its_cache_as_available() -> None:
    statistics = {"inactive_file": str(100 * MIB), "active_file": str(60 * MIB), "anon": "1"}
    shown = meminfo(420 * MIB, 300 * MIB, statistics, ("inactive_file", "active_file"))
    rows = {line.split()[0]: int(line.split()[1]) >> 10 for line in shown.splitlines()}
    assert (rows["MemTotal:"], rows["MemFree:"], rows["MemAvailable:"]) == (420, 120, 200)
    assert rows["SwapTotal:"] == 0
