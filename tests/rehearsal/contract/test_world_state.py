"""The file in which the world's process tells its state to the outside."""

import json
from pathlib import Path

from rehearsal.contract import run_directory
from rehearsal.contract.aws_profile import AwsProfile
from rehearsal.contract.world_state import Host, WorldState
from rehearsal.machine.workplace import Workplace

STATE = WorldState(
    domain="registry.example.com",
    zone="example.com",
    profile=AwsProfile("http://10.77.0.2:4566", "us-east-1", "123456789012", "AKIA", "secret"),
    ca_bundle="/run/ca-bundle.pem",
    client_root="/run/root",
    client_work="/run/work",
    address="10.77.0.100",
    host_release="trixie",
    hosts=(Host("i-0first", "10.0.0.4", 42), Host("i-0second", "10.0.0.5", None)),
)


def test_state_is_read_back_as_it_was_written_and_is_none_before(tmp_path: Path) -> None:
    workplace = Workplace(cache=tmp_path / "cache", run=tmp_path / "run", lock=tmp_path / "lock")
    workplace.prepare()
    assert WorldState.read(workplace) is None
    STATE.write(workplace)
    assert WorldState.read(workplace) == STATE
    path = workplace.run / run_directory.STATE
    assert path.stat().st_mode & 0o777 == 0o600
    assert json.loads(path.read_text())["domain"] == "registry.example.com"
