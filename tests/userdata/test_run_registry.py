"""`run-registry`: how the registry container is started."""

from pathlib import Path

from tests.support.relocated_host import Answer
from tests.userdata.conftest import Relocate


def test_the_registry_may_take_half_of_the_memory(relocate: Relocate) -> None:
    host = relocate("tools/aws-api")
    host.stand_in("id", "echo 990")
    host.write("etc/registry/registry.yml", "")
    host.write("etc/ssl/certs/ca-certificates.crt", "")
    host.answer(Answer("^aws-api ssm GetParameter", '{"Parameter": {"Value": "secret"}}'))
    done = host.run("steps/run-registry")
    assert done.returncode == 0, done.stderr
    total = next(line for line in Path("/proc/meminfo").read_text().splitlines() if "MemTotal" in line)
    started = next(call for call in host.calls() if call.startswith("docker run"))
    assert f"--env GOMEMLIMIT={int(total.split()[1]) // 2}KiB " in started
    assert "secret" not in started
