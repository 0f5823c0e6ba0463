"""`run-registry`: how the registry container is started."""

import os
import time
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


def test_a_new_image_is_on_the_disk_before_its_container_starts(host: RelocatedHost) -> None:
    secret = Answer("^aws-api ssm GetParameter", '{"Parameter": {"Value": "secret"}}')
    host.answer(Answer("^docker image inspect", code=1), secret)
    assert host.run("steps/run-registry").returncode == 0
    order = [call.split(" -")[0] for call in host.calls() if call.startswith(("docker pull", "docker run", "sync "))]
    assert order == ["docker pull", "sync", "docker run"]


def test_the_registry_may_take_half_of_the_memory(host: RelocatedHost) -> None:
    done = host.run("steps/run-registry")
    assert done.returncode == 0, done.stderr
    total = next(line for line in Path("/proc/meminfo").read_text().splitlines() if "MemTotal" in line)
    started = next(call for call in host.calls() if call.startswith("docker run"))
    assert f"--env GOMEMLIMIT={int(total.split()[1]) // 2}KiB " in started
    assert "secret" not in started


SILENT_SINCE = "run/registry/registry-silent-since"
SECRET = Answer("^aws-api ssm GetParameter", '{"Parameter": {"Value": "secret"}}')
SILENT = (
    Answer("^curl .*:5000/v2/", code=7),
    Answer("^docker inspect --type container", "restarting 9\n"),
    Answer("^docker logs", complains="configuration error: no such driver, token=hidden\n"),
    SECRET,
)


def silent_for(host: RelocatedHost, seconds: float) -> None:
    moment = time.time() - seconds
    os.utime(host.write(SILENT_SINCE, ""), (moment, moment))


def test_a_registry_that_does_not_serve_is_told_with_its_state_and_its_last_words(host: RelocatedHost) -> None:
    host.answer(*SILENT)
    done = host.run("steps/run-registry")
    assert done.returncode == 1
    assert "does not answer on 127.0.0.1:5000 (it is restarting, restarted 9 times)" in done.stderr
    assert "its last lines: configuration error: no such driver, token=..." in done.stderr


def test_a_silent_registry_that_has_printed_nothing_says_so(host: RelocatedHost) -> None:
    host.answer(Answer("^docker logs"), *SILENT)
    assert host.run("steps/run-registry").stderr.endswith("its last lines: none\n")


@pytest.mark.parametrize(("seconds", "s3", "code"), [(30, 0, 1), (70, 0, 3), (70, 1, 1)])
def test_another_try_is_hopeless_after_a_minute_of_silence_in_which_s3_answers(
    host: RelocatedHost, seconds: int, s3: int, code: int
) -> None:
    silent_for(host, seconds)
    host.answer(Answer("^aws-api s3 list", code=s3), *SILENT)
    assert host.run("steps/run-registry").returncode == code


def test_an_image_that_cannot_be_started_is_told(host: RelocatedHost) -> None:
    silent_for(host, 70)
    refusal = "docker: exec: /bin/registry: exec format error\n"
    host.answer(Answer("^docker run", complains=refusal, code=127), *SILENT)
    done = host.run("steps/run-registry")
    assert (done.returncode, done.stderr) == (3, f"{refusal}the image registry:3 cannot be started\n")


def test_the_silence_ends_with_an_answer(host: RelocatedHost) -> None:
    silent_for(host, 70)
    assert host.run("steps/run-registry").returncode == 0
    assert not (host.root / SILENT_SINCE).exists()


@pytest.mark.parametrize(("folder", "root"), [("", "/"), ("old/registry/", "/old/registry/")])
def test_the_registry_keeps_its_images_in_the_folder_of_an_adopted_bucket(
    host: RelocatedHost, folder: str, root: str
) -> None:
    file = host.root / "etc/registry/host.env"
    file.write_text(file.read_text().replace("IMAGE_FOLDER=\n", f"IMAGE_FOLDER={folder}\n"))
    assert host.run("steps/run-registry").returncode == 0
    environment = (host.root / "etc/registry/registry.env").read_text().splitlines()
    assert f"REGISTRY_STORAGE_S3_ROOTDIRECTORY={root}" in environment


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
