"""`run-registry`: how the registry container is started."""

from pathlib import Path

import pytest

from tests.support.relocated_host import Answer, RelocatedHost
from tests.userdata.conftest import Relocate


@pytest.fixture
def host(relocate: Relocate) -> RelocatedHost:
    host = relocate("tools/aws-api")
    host.stand_in("id", "echo 990")
    host.write("etc/registry/registry.yml", "")
    host.write("etc/ssl/certs/ca-certificates.crt", "")
    host.answer(Answer("^aws-api ssm GetParameter", '{"Parameter": {"Value": "secret"}}'))
    return host


@pytest.mark.parametrize(("redirect", "disabled"), [("true", "false"), ("false", "true")])
def test_layers_come_from_the_host_if_the_settings_say_so(host: RelocatedHost, redirect: str, disabled: str) -> None:
    file = host.root / "etc/registry/host.env"
    file.write_text(file.read_text().replace("REDIRECT=true\n", f"REDIRECT={redirect}\n"))
    done = host.run("steps/run-registry")
    assert done.returncode == 0, done.stderr
    environment = (host.root / "etc/registry/registry.env").read_text().splitlines()
    assert f"REGISTRY_STORAGE_REDIRECT_DISABLE={disabled}" in environment


def test_the_registry_may_take_half_of_the_memory(host: RelocatedHost) -> None:
    done = host.run("steps/run-registry")
    assert done.returncode == 0, done.stderr
    total = next(line for line in Path("/proc/meminfo").read_text().splitlines() if "MemTotal" in line)
    started = next(call for call in host.calls() if call.startswith("docker run"))
    assert f"--env GOMEMLIMIT={int(total.split()[1]) // 2}KiB " in started
    assert "secret" not in started


def test_a_host_that_has_the_image_asks_no_image_registry(host: RelocatedHost) -> None:
    assert host.run("steps/run-registry").returncode == 0
    assert not [call for call in host.calls() if call.startswith("docker pull")]
    assert [call for call in host.calls() if call.startswith("docker run")]


@pytest.mark.parametrize(
    ("said", "code", "reason"), [("connection refused\n", 1, "connection refused"), ("", 124, "no answer in 300 s")]
)
def test_a_host_without_the_image_says_why_and_may_try_again(
    host: RelocatedHost, said: str, code: int, reason: str
) -> None:
    known = Answer("^aws-api ssm GetParameter", '{"Parameter": {"Value": "secret"}}')
    host.answer(known, Answer("^docker image inspect", code=1), Answer("^docker pull", complains=said, code=code))
    done = host.run("steps/run-registry")
    assert (done.returncode, done.stderr) == (1, f"the image registry:3 could not be pulled: {reason}\n")
