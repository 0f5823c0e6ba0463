"""`repair-service` and `repair-engine` repair the parts that are down and touch no other."""

import shutil
import subprocess

import pytest

from rehearsal.contract.product import USERDATA
from tests.support.relocated_host import Answer, RelocatedHost, read
from tests.userdata.conftest import Relocate
from tests.userdata.test_diagnose import http_date

LIVE = "etc/letsencrypt/live/registry"
DOOR = Answer("^curl .*https://127.0.0.1/v2/", "401")
CHALLENGES = Answer("^curl .*http://127.0.0.1/$", "308")
LOGIN_CHECK = Answer("^curl .*auth.sock", "401")
DISK = Answer("^df", "Use% IUse%\n 41%    7%\n")
CONTAINER = Answer("^docker inspect", "running 0\n")


def well() -> tuple[Answer, ...]:
    """With the date of now."""
    return (DOOR, CHALLENGES, LOGIN_CHECK, DISK, CONTAINER, http_date())


# Calls that change nothing.
LOOKS = ("curl ", "df ", "getent ", "nginx -t", "docker inspect", "docker version", "sleep ", "systemctl is-active")


@pytest.fixture
def host(relocate: Relocate) -> RelocatedHost:
    steps = (f"steps/{name}" for name in ("run-registry", "use-certificate", "restore-certificate"))
    host = relocate("configure", "install", "bin/sync-users", *steps)
    for place in (host.home, host.root):
        shutil.copytree(USERDATA / "etc", place / "etc", dirs_exist_ok=True)
    host.write("etc/registry/users/push", "admin:hash\n")
    host.write("etc/registry/users/pull", "admin:hash\nhealth:hash\n")
    host.have_certificate()
    host.front_door.show(host.root / LIVE)
    host.answer(*well())
    return host


def done_to(host: RelocatedHost) -> list[str]:
    return [call.strip() for call in host.calls() if not call.startswith(LOOKS)]


def repair(host: RelocatedHost, verb: str = "repair-service") -> subprocess.CompletedProcess[str]:
    done = host.run(f"bin/{verb}")
    assert done.stderr == ""
    assert set(read(done.stdout)) == {"repaired"} | ({"reason"} if done.returncode else set())
    return done


def test_a_healthy_host_is_not_touched(host: RelocatedHost) -> None:
    done = repair(host)
    assert (done.returncode, done.stdout) == (0, "repaired=nothing\n")
    assert done_to(host) == []


@pytest.mark.parametrize(
    ("part", "unit", "asked"), [("nginx", "nginx", "https://127.0.0.1/v2/"), ("auth", "registry-auth", "auth.sock")]
)
def test_a_stopped_server_is_started_and_nothing_else(host: RelocatedHost, part: str, unit: str, asked: str) -> None:
    host.answer(
        Answer(f"^systemctl restart {unit}", gives="started"),
        Answer(f"^curl .*{asked}", "401", needs="started"),
        Answer(f"^curl .*{asked}", "000", code=7),
        *well(),
    )
    assert repair(host).stdout == f"repaired={part}\n"
    assert done_to(host) == [f"systemctl reset-failed {unit}.service", f"systemctl restart {unit}.service"]


@pytest.mark.parametrize(
    ("state", "made"),
    [
        ("exited 0\n", "run-registry"),
        ("restarting 12\n", "run-registry anew"),
        ("running 0\n", "run-registry anew"),
        ("paused 0\n", "run-registry anew"),
    ],
)
def test_a_container_that_does_not_answer_is_created_again(host: RelocatedHost, state: str, made: str) -> None:
    host.answer(
        Answer("^docker inspect", state),
        Answer("^run-registry", gives="container"),
        Answer("^curl .*:5000/v2/", needs="container"),
        Answer("^curl .*:5000/v2/", code=7),
        *well(),
    )
    assert repair(host).stdout == "repaired=registry\n"
    assert done_to(host) == [made]


@pytest.mark.parametrize("left", [None, "admin:hash\n"])
def test_missing_users_are_fetched(host: RelocatedHost, left: str | None) -> None:
    users = host.root / "etc/registry/users/pull"
    if left is None:
        users.unlink()
    else:
        users.write_text(left)
    host.write("saved/pull", "health:hash\n")
    saved, there = str(host.root / "saved"), str(host.root / "etc/registry/users")
    host.answer(Answer("^sync-users first-login", copies=(saved, there)), *well())
    assert repair(host).stdout == "repaired=users\n"
    assert done_to(host) == ["sync-users first-login"]


def test_a_changed_configuration_file_is_restored(host: RelocatedHost) -> None:
    (host.root / "etc/nginx/nginx.conf").write_text("lisen 443;\n")
    host.answer(Answer("^configure", copies=(str(host.home / "etc"), str(host.root / "etc"))), *well())
    assert repair(host).stdout == "repaired=configuration\n"
    assert done_to(host) == ["configure"]


def test_the_certificate_on_disk_is_deployed_if_another_is_served(host: RelocatedHost) -> None:
    host.have_certificate()
    done = repair(host)
    assert done.returncode == 1
    assert "certificate: nginx serves another certificate" in read(done.stdout)["reason"]
    assert done_to(host) == ["use-certificate"]


def test_a_full_disk_loses_packages_logs_and_unused_layers(host: RelocatedHost) -> None:
    for name in ("syslog.1", "nginx/access.log.2.gz", "nginx/access.log", "letsencrypt/letsencrypt.log.17"):
        host.write(f"var/log/{name}", "x")
    host.answer(
        Answer("^docker image prune", gives="room"),
        Answer("^df", "Use% IUse%\n 71%    7%\n", needs="room"),
        Answer("^df", "Use% IUse%\n 98%    7%\n"),
        *well(),
    )
    assert repair(host).stdout == "repaired=disk\n"
    assert done_to(host) == ["install clean", "journalctl --quiet --vacuum-size=50M", "docker image prune --force"]
    assert [path.name for path in (host.root / "var/log").rglob("*") if path.is_file()] == ["access.log"]


def test_a_fault_that_remains_is_reported_with_its_reason(host: RelocatedHost) -> None:
    host.answer(
        Answer("^run-registry", complains="the image could not be pulled: no route\n", code=1),
        Answer("^curl .*:5000/v2/", code=7),
        Answer("^docker inspect", complains="Error: No such container: registry\n", code=1),
        *well(),
    )
    done = repair(host)
    assert done.returncode == 1
    assert read(done.stdout) == {
        "repaired": "nothing",
        "reason": "registry: the registry container does not answer (the image could not be pulled: no route)",
    }


def test_a_fault_cured_by_a_later_repair_is_not_reported(host: RelocatedHost) -> None:
    host.have_certificate(folder="saved")
    (host.root / LIVE / "cert.pem").unlink()
    saved = str(host.root / "saved")
    host.answer(
        Answer("^restore", gives="certificate", copies=(saved, str(host.root / "etc/letsencrypt"))),
        Answer("^nginx", needs="certificate"),
        Answer("^nginx", complains="nginx: [emerg] cannot load certificate\n", code=1),
        *well(),
    )
    host.front_door.show(host.root / "saved/live/registry")
    assert repair(host).stdout == "repaired=certificate configuration\n"


def test_docker_is_restarted_and_the_container_started(host: RelocatedHost) -> None:
    host.answer(
        Answer("^run-registry", gives="container"),
        Answer("^curl .*:5000/v2/", needs="container"),
        Answer("^curl .*:5000/v2/", code=7),
        Answer("^docker inspect", complains="Error: No such container: registry\n", code=1),
    )
    assert repair(host, "repair-engine").stdout == "repaired=engine registry\n"
    assert done_to(host) == [
        "systemctl reset-failed docker.service containerd.service",
        "systemctl restart docker.service",
        "run-registry",
    ]


def test_a_docker_that_does_not_restart_is_killed_with_containerd(host: RelocatedHost) -> None:
    host.answer(
        Answer("^systemctl start containerd", gives="engine"),
        Answer("^docker version", needs="engine"),
        Answer("^docker version", code=1),
        *well(),
    )
    assert repair(host, "repair-engine").stdout == "repaired=engine\n"
    assert done_to(host)[2:] == [
        "systemctl kill --signal KILL docker.service containerd.service",
        "systemctl start containerd.service docker.service",
    ]


@pytest.mark.parametrize("memory_kib", [1_000_000, 10_000])
def test_a_registry_that_answers_503_is_left_alone(host: RelocatedHost, memory_kib: int) -> None:
    """It says so while its checks of S3 fail: a new container would have the same S3."""
    meminfo = host.write("meminfo", f"MemTotal: 1000000 kB\nMemAvailable: {memory_kib} kB\n")
    library = host.home / "lib/machine.bash"
    library.write_text(library.read_text().replace("/proc/meminfo", str(meminfo)))
    host.answer(Answer("^curl .*--fail.*:5000/v2/", code=22), Answer("^curl .*:5000/v2/"), *well())
    assert repair(host).stdout == "repaired=nothing\n"
    assert repair(host, "repair-engine").stdout == "repaired=nothing\n"
    assert done_to(host) == []


def test_a_part_that_is_slow_is_left_alone(host: RelocatedHost) -> None:
    """curl's code 28 is a time-out: the parts get as long as Docker waits."""
    late = r"--max-time ([0-9]|1[0-4]) .*"
    host.answer(
        *(Answer(f"^curl .*{late}{path}", code=28) for path in (":5000/v2/", "https://127.0.0.1/v2/", "auth.sock")),
        *well(),
    )
    assert repair(host).stdout == "repaired=nothing\n"
    assert repair(host, "repair-engine").stdout == "repaired=nothing\n"
    assert done_to(host) == []


def test_a_broken_resolver_is_restarted_where_systemd_has_one(host: RelocatedHost) -> None:
    host.answer(
        Answer("^systemctl restart systemd-resolved", gives="names"),
        Answer("^getent", "10.0.0.1", needs="names"),
        Answer("^getent", code=2),
        *well(),
    )
    assert repair(host).stdout == "repaired=resolver\n"
    assert done_to(host) == [
        "systemctl --quiet is-enabled systemd-resolved.service",
        "systemctl reset-failed systemd-resolved.service",
        "systemctl restart systemd-resolved.service",
    ]


def test_a_resolver_that_is_not_systemds_is_reported(host: RelocatedHost) -> None:
    host.answer(Answer("^systemctl --quiet is-enabled", code=1), Answer("^getent", code=2), *well())
    done = repair(host)
    assert read(done.stdout)["reason"] == "resolver: the resolver finds no address for S3"
