"""`install`: what it asks package managers for."""

import os
import subprocess
from pathlib import Path

import pytest

from rehearsal.contract.product import USERDATA
from tests.support.relocated_host import STAND_IN, Answer, RelocatedHost
from tests.userdata.conftest import Relocate

INSTALLED = Answer("^dpkg-query .* [a-z0-9.-]+$", "installed 3.0\n")
SNAP_UNIT = "etc/systemd/system/snap.amazon-ssm-agent.amazon-ssm-agent.service"
PACKAGE_UNIT = "etc/systemd/system/amazon-ssm-agent.service"


@pytest.fixture
def host(relocate: Relocate) -> RelocatedHost:
    """It has an agent, and certbot."""
    host = relocate()
    own = {"/opt/certbot": f"{host.root}/opt/certbot", "/var/": f"{host.root}/var/"}
    text = (USERDATA / "install").read_text()
    for path, moved in own.items():
        text = text.replace(path, moved)
    host.write("opt/registry/install", text, 0o755)
    host.write("opt/registry/requirements-certbot.txt", "")
    digest = subprocess.run(["sha256sum"], input="", capture_output=True, text=True, check=True).stdout
    host.write("opt/certbot/bin/certbot", "", 0o755)
    host.write("opt/certbot/requirements.sha256", digest)
    (host.root / "var/lib/dpkg/updates").mkdir(parents=True)
    for program in ("apt-get", "dpkg-query"):
        (host.tools / program).symlink_to(STAND_IN)
    host.write(PACKAGE_UNIT, "")
    return host


def install(host: RelocatedHost) -> subprocess.CompletedProcess[str]:
    # Without this machine's own docker and snap.
    programs = host.root / "programs"
    programs.mkdir(exist_ok=True)
    for name in ("bash", "cat", "cp", "dirname", "dpkg", "env", "ls", "sed", "sha256sum"):
        found = next(folder / name for folder in map(Path, os.get_exec_path()) if (folder / name).exists())
        if not (programs / name).exists():
            (programs / name).symlink_to(found)
    environment = {"PATH": f"{host.tools}:{programs}", "AWS_REGION": "eu-central-1"}
    return subprocess.run([host.home / "install"], capture_output=True, text=True, check=False, env=environment)


def asked_for(host: RelocatedHost) -> list[list[str]]:
    """The packages of each `apt-get install`."""
    commands = [call.split() for call in host.calls() if call.startswith("apt-get ") and " install " in call]
    return [words[words.index("install") + 1 :] for words in commands]


def test_nothing_is_asked_for_where_all_is_there(host: RelocatedHost) -> None:
    host.answer(INSTALLED)
    done = install(host)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert asked_for(host) == []


def test_the_docker_command_is_asked_for_where_it_is_missing_after_the_engine(host: RelocatedHost) -> None:
    host.answer(Answer("^dpkg-query .* docker-cli$", code=1), INSTALLED)
    assert install(host).returncode == 0
    assert asked_for(host) == []
    (host.tools / "docker").unlink()
    assert install(host).returncode == 0
    assert asked_for(host) == [["--no-install-recommends", "docker-cli"]]


def test_a_package_that_is_half_installed_is_installed_again(host: RelocatedHost) -> None:
    host.answer(Answer("^dpkg-query .* jq$", "half-configured 1.6\n"), INSTALLED)
    assert install(host).returncode == 0
    assert asked_for(host) == [["--no-install-recommends", "jq"]]


def test_an_nginx_that_is_too_old_is_named_with_the_least_version_and_not_tried_again(host: RelocatedHost) -> None:
    host.answer(Answer("^dpkg-query .* nginx$", "installed 1.18.0-6ubuntu14\n"), INSTALLED)
    done = install(host)
    assert done.returncode == 3
    assert "nginx 1.18.0-6ubuntu14 is too old: the front door needs 1.22" in done.stderr


def test_certbot_counts_as_installed_once_it_is_on_the_disk(host: RelocatedHost) -> None:
    mark = host.root / "opt/certbot/requirements.sha256"
    mark.unlink()
    host.write("tools/python3", "#!/bin/sh\n", 0o755)
    host.write("opt/certbot/bin/pip", "#!/bin/sh\n", 0o755)
    host.stand_in("sync", f"[ ! -e {mark} ] && echo synced > {host.root}/seen")
    host.answer(INSTALLED)
    done = install(host)
    assert (done.returncode, mark.exists()) == (0, True), done.stderr
    assert (host.root / "seen").read_text() == "synced\n"


def test_an_image_without_an_agent_gets_awss_package(host: RelocatedHost) -> None:
    (host.root / PACKAGE_UNIT).unlink()
    host.answer(INSTALLED)
    done = install(host)
    assert done.returncode == 0, done.stderr
    architecture = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True)
    address = f"/amazon-ssm-eu-central-1/latest/debian_{architecture.stdout.strip()}/amazon-ssm-agent.deb"
    (fetched,) = [call for call in host.calls() if call.startswith("curl ")]
    assert fetched.endswith(f"https://s3.eu-central-1.amazonaws.com{address}")
    assert asked_for(host) == [[f"{host.root}/var/cache/apt/archives/amazon-ssm-agent.deb"]]


def test_an_agent_that_ubuntu_installs_at_the_first_boot_is_waited_for(host: RelocatedHost) -> None:
    (host.root / PACKAGE_UNIT).unlink()
    (host.tools / "snap").symlink_to(STAND_IN)
    unit = host.write("unit", "")
    host.answer(INSTALLED, Answer("^snap wait system seed.loaded", copies=(str(unit), str(host.root / SNAP_UNIT))))
    assert install(host).returncode == 0
    assert [call for call in host.calls() if call.startswith("snap ")] == ["snap wait system seed.loaded"]


def test_an_ubuntu_without_the_agent_gets_its_snap(host: RelocatedHost) -> None:
    (host.root / PACKAGE_UNIT).unlink()
    (host.tools / "snap").symlink_to(STAND_IN)
    host.answer(INSTALLED)
    assert install(host).returncode == 0
    asked = [call for call in host.calls() if call.startswith("snap ")]
    assert asked == ["snap wait system seed.loaded", "snap install amazon-ssm-agent --classic"]


@pytest.mark.parametrize("refused", ["^curl ", "^apt-get .*amazon-ssm-agent.deb", "^snap install"])
def test_a_host_that_gets_no_agent_ends_with_that_as_its_cause(host: RelocatedHost, refused: str) -> None:
    (host.root / PACKAGE_UNIT).unlink()
    if "snap" in refused:
        (host.tools / "snap").symlink_to(STAND_IN)
    host.answer(Answer(refused, code=22), INSTALLED)
    done = install(host)
    assert done.returncode == 22
    assert done.stderr.splitlines()[-1].startswith("this host has no SSM agent, and none can be installed")
