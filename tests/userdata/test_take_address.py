"""`take-address`: when the address counts as taken, and when the SSM agent connects again."""

import pytest

from tests.support.relocated_host import ADDRESS, Answer, RelocatedHost
from tests.userdata.conftest import Relocate

OWN = "54.214.0.1"
SHOWS = "^aws-api metadata public-ipv4"
ASK = "^aws-api ec2 AssociateAddress"
SNAP = "snap.amazon-ssm-agent.amazon-ssm-agent.service"
PACKAGE = "amazon-ssm-agent.service"
CONNECTED_FROM = "run/registry/agent-address"
METADATA = (Answer(SHOWS, ADDRESS, needs="moved"), Answer(SHOWS, OWN), Answer("metadata instance-id", "i-1"))
MOVES = Answer(ASK, "<AssociateAddressResponse/>", gives="moved")


@pytest.fixture
def host(relocate: Relocate) -> RelocatedHost:
    host = relocate("tools/aws-api")
    host.write("run/registry/proven", "")
    host.write(f"etc/systemd/system/{PACKAGE}", "")
    return host


def asked(host: RelocatedHost) -> list[str]:
    return [call for call in host.calls() if "AssociateAddress" in call]


def restarted(host: RelocatedHost) -> list[str]:
    return [call.rpartition(" ")[2] for call in host.calls() if call.startswith("systemctl --no-block restart")]


def test_the_agent_is_restarted_once_the_host_reaches_the_internet_from_the_new_address(host: RelocatedHost) -> None:
    down = Answer("^curl .*https://ssm", code=28, needs="moved", gives="")
    host.answer(MOVES, Answer("^sleep", gives="up"), Answer("^curl .*https://ssm", needs="up"), down, *METADATA)
    done = host.run("steps/take-address")
    assert (done.returncode, done.stdout) == (0, f"i-1 has the address {ADDRESS}\n")
    assert restarted(host) == [PACKAGE]
    order = [call.split()[0] for call in host.calls() if call.startswith(("curl", "systemctl --no-block restart"))]
    assert order == ["curl", "curl", "systemctl"]


def test_the_agent_stops_while_the_address_moves(host: RelocatedHost) -> None:
    host.answer(MOVES, *METADATA)
    assert host.run("steps/take-address").returncode == 0
    order = [call for call in host.calls() if call.startswith(("curl", "systemctl")) or "AssociateAddress" in call]
    assert [call.split()[2] for call in order if not call.startswith("curl")] == ["AssociateAddress", "stop", "restart"]
    assert order[1] == f"systemctl --no-block stop {PACKAGE}"


def test_the_agent_is_restarted_where_it_is_a_snap(host: RelocatedHost) -> None:
    host.write(f"etc/systemd/system/{SNAP}", "")
    host.answer(MOVES, *METADATA)
    assert host.run("steps/take-address").returncode == 0
    assert restarted(host) == [SNAP]


def test_it_ends_only_when_the_metadata_show_the_address(host: RelocatedHost) -> None:
    host.answer(
        Answer(ASK, "<AssociateAddressResponse/>", gives="asked"),
        Answer("^sleep", needs="asked", gives="moved"),
        *METADATA,
    )
    assert host.run("steps/take-address").returncode == 0
    assert "sleep 0.5" in host.calls()
    assert len(asked(host)) == 1


def test_metadata_that_never_show_the_address_are_named(host: RelocatedHost) -> None:
    host.answer(Answer(ASK, "<AssociateAddressResponse/>"), *METADATA)
    done = host.run("steps/take-address")
    assert done.returncode == 1
    assert done.stderr == f'no address {ADDRESS}: EC2 has given it, but the instance metadata show "{OWN}"\n'
    assert restarted(host) == [PACKAGE]


def test_an_answer_lost_in_the_move_is_no_failure(host: RelocatedHost) -> None:
    lost = "aws-api: ec2 AssociateAddress: curl: (28) Operation timed out\n"
    host.answer(Answer(ASK, complains=lost, code=1, gives="moved"), *METADATA)
    done = host.run("steps/take-address")
    assert (done.returncode, done.stdout) == (0, f"i-1 has the address {ADDRESS}\n")
    assert len(asked(host)) == 1


def test_without_an_answer_and_without_the_address_it_asks_again(host: RelocatedHost) -> None:
    lost = Answer(ASK, complains="no answer\n", code=1)
    host.answer(Answer(ASK, needs="late", gives="moved"), Answer("^sleep", gives="late"), lost, *METADATA)
    assert host.run("steps/take-address").returncode == 0
    assert len(asked(host)) == 2


def test_a_refusal_is_told_at_once(host: RelocatedHost) -> None:
    refusal = "aws-api: ec2 AssociateAddress: HTTP 403 UnauthorizedOperation: no"
    host.answer(Answer(ASK, complains=f"{refusal}\n", code=4), *METADATA)
    done = host.run("steps/take-address")
    assert done.returncode == 1
    assert done.stderr == f"no address {ADDRESS}: {refusal}\n"
    assert len(asked(host)) == 1


def test_if_free_leaves_an_address_that_another_host_has(host: RelocatedHost) -> None:
    taken = "aws-api: ec2 AssociateAddress: HTTP 400 Resource.AlreadyAssociated: it is taken\n"
    host.answer(Answer(ASK, complains=taken, code=4), *METADATA)
    done = host.run("steps/take-address", "if-free")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert asked(host)[0].endswith("AllowReassociation=false")
    assert restarted(host) == []


def test_if_free_asks_nothing_on_a_host_that_has_not_proven_itself(host: RelocatedHost) -> None:
    (host.root / "run/registry/proven").unlink()
    host.answer(*METADATA)
    assert host.run("steps/take-address", "if-free").returncode == 0
    assert asked(host) == []


def test_a_host_without_a_public_address_waits_for_the_next_look(host: RelocatedHost) -> None:
    host.write(CONNECTED_FROM, f"{ADDRESS}\n")
    host.answer(Answer(SHOWS, code=22), Answer("metadata instance-id", "i-1"))
    done = host.run("steps/take-address", "if-free")
    assert (done.returncode, done.stderr) == (0, "")
    assert asked(host) == []
    assert restarted(host) == []


def test_a_host_that_lost_the_address_reconnects_its_agent_from_the_next_one(host: RelocatedHost) -> None:
    host.write(CONNECTED_FROM, f"{ADDRESS}\n")
    taken = "HTTP 400 Resource.AlreadyAssociated\n"
    host.answer(Answer(ASK, complains=taken, code=4), *METADATA)
    for _ in range(2):
        assert host.run("steps/take-address", "if-free").returncode == 0
    assert restarted(host) == [PACKAGE]
    assert (host.root / CONNECTED_FROM).read_text() == f"{OWN}\n"


def test_a_host_that_has_the_address_changes_nothing(host: RelocatedHost) -> None:
    host.answer(Answer(SHOWS, ADDRESS))
    for _ in range(2):
        done = host.run("steps/take-address", "if-free")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert asked(host) == []
    assert restarted(host) == []
