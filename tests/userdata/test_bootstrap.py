"""`bootstrap`: how long it tries, and what it signals."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from rehearsal.contract.product import USERDATA
from tests.support.relocated_host import Answer, RelocatedHost
from tests.userdata.conftest import Relocate

MORE = {
    "ASSET_BUCKET": "assets",
    "ASSET_KEY": "scripts.zip",
    "STACK_NAME": "stack",
    "GROUP_LOGICAL_ID": "Hosts",
    "HOST_LOG_GROUP": "hosts",
}
INSTANCE = Answer("^aws-api metadata instance-id", "i-0host")


@pytest.fixture
def host(relocate: Relocate) -> RelocatedHost:
    """Its scripts are fetched already. Its installation fails."""
    host = relocate("tools/aws-api", "configure", "steps/bring-up")
    text = (USERDATA / "bootstrap").read_text()
    for path in ("/opt/registry", "/etc/registry", "/var/", "/run/"):
        text = text.replace(path, f"{host.root}{path}")
    host.write("opt/registry/bootstrap", text, 0o755)
    host.write("opt/registry/install", "#!/bin/sh\necho no mirror answers\nexit 100\n", 0o755)
    host.write("opt/registry/.asset", "scripts.zip\n")
    settings = "".join(f"{name}={value}\n" for name, value in MORE.items())
    host.write("etc/registry/host.env", (host.root / "etc/registry/host.env").read_text() + settings)
    return host


def bootstrap(host: RelocatedHost, *answers: Answer, seconds_since_boot: int) -> str:
    """Run it; returns its output."""
    uptime = int(Path("/proc/uptime").read_text().split(".")[0])
    started = Answer("^systemctl show", f"{(uptime - seconds_since_boot) * 1_000_000}\n")
    host.answer(started, INSTANCE, *answers, Answer("^systemctl --quiet is-enabled", code=0))
    environment = {**os.environ, "PATH": f"{host.tools}:{os.environ['PATH']}"}
    argv = [str(host.home / "bootstrap")]
    return subprocess.run(argv, capture_output=True, text=True, check=False, env=environment, timeout=60).stdout


def signals(host: RelocatedHost) -> list[str]:
    return [call.rsplit("Status=", 1)[-1] for call in host.calls() if "SignalResource" in call]


def test_user_data_that_begins_late_signals_before_the_deployment_stops_waiting(host: RelocatedHost) -> None:
    output = bootstrap(host, seconds_since_boot=958)
    assert "trying again" not in output
    assert re.search(r"install failed after 9\d\d s \(exit code 100\)", output)
    assert signals(host) == ["FAILURE"]


def test_the_host_log_hears_of_the_first_failure_of_a_step_at_once(host: RelocatedHost) -> None:
    first = Answer("^aws-api logs PutLogEvents", gives="told", told="install does not work yet.*no mirror answers")
    output = bootstrap(host, first, seconds_since_boot=943)
    assert "trying again in 10 s" in output
    assert host.flag("told").exists()
    # The other says that the host has given up.
    assert sum("PutLogEvents" in call for call in host.calls()) == 2


def test_a_new_hosts_scripts_are_on_the_disk_before_they_count_as_fetched(host: RelocatedHost) -> None:
    host.write("opt/registry/.asset", "")
    host.write("tools/python3", f"#!/bin/sh\ncp -R {host.home}/. $5\n", 0o755)
    host.stand_in("sync", f'[ "$1" != --file-system ] || cat "$2/.asset" > {host.root}/seen')
    host.write("opt/registry/install", "#!/bin/sh\nexit 0\n", 0o755)
    assert "serving after" in bootstrap(host, seconds_since_boot=86400)
    assert (host.root / "seen").read_text() == ""
    assert (host.home / ".asset").read_text() == "scripts.zip\n"


def test_a_run_long_after_the_boot_has_the_whole_time(host: RelocatedHost) -> None:
    host.write("opt/registry/install", "#!/bin/sh\nexit 0\n", 0o755)
    output = bootstrap(host, seconds_since_boot=86400)
    assert re.search(r"serving after \d s", output)
    assert signals(host) == ["SUCCESS"]
