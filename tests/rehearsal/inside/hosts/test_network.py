"""The packet filter's rules, as text: their effect is tested in test_guest.py. Needs no root."""

from rehearsal.inside.hosts.network import Forward, OpenPorts, departures, render_addresses

ANYBODY_TO_443 = (OpenPorts("0.0.0.0/0", 443, 443),)
TO_FIRST = Forward("10.0.1.11", ANYBODY_TO_443)


def test_rules_are_replaced_whole_in_one_transaction() -> None:
    ports = (*ANYBODY_TO_443, OpenPorts("10.77.0.0/24", 22, 23))
    online = {"10.0.1.12": "54.214.0.1", "10.0.1.11": "10.77.0.100"}
    assert render_addresses({"10.77.0.100": Forward("10.0.1.11", ports)}, online) == (
        "flush chain ip vpc forwards\n"
        "flush map ip vpc elastic\n"
        "flush set ip vpc online\n"
        "add rule ip vpc forwards ip saddr 0.0.0.0/0 ip daddr 10.77.0.100 tcp dport 443-443 dnat to 10.0.1.11\n"
        "add rule ip vpc forwards ip saddr 10.77.0.0/24 ip daddr 10.77.0.100 tcp dport 22-23 dnat to 10.0.1.11\n"
        "add element ip vpc elastic { 10.0.1.11 : 10.77.0.100 }\n"
        "add element ip vpc online { 10.0.1.11, 10.0.1.12 }\n"
    )


def test_no_address_leads_nowhere() -> None:
    assert render_addresses({}, {}) == (
        "flush chain ip vpc forwards\nflush map ip vpc elastic\nflush set ip vpc online\n"
    )


def test_host_with_two_addresses_is_seen_under_the_first() -> None:
    rules = render_addresses({"10.77.0.101": TO_FIRST, "10.77.0.100": TO_FIRST}, {})
    assert "elastic { 10.0.1.11 : 10.77.0.100 }" in rules


def test_only_addresses_that_moved_have_departed() -> None:
    before = {"10.77.0.100": "10.0.1.11", "10.77.0.101": "10.0.1.11", "10.77.0.102": "10.0.1.11"}
    after = {"10.77.0.100": "10.0.1.11", "10.77.0.101": "10.0.1.12", "10.77.0.103": "10.0.1.12"}
    assert departures(before, after) == (("10.77.0.101", "10.0.1.11"), ("10.77.0.102", "10.0.1.11"))
