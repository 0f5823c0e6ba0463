"""What upgrades of packages do on a host: `policy-rc.d`, `await-quiet`, `use-upgrades` and `reboot-in-window`."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rehearsal.contract.product import USERDATA
from tests.support.relocated_host import Answer, RelocatedHost
from tests.userdata.conftest import Relocate

UNDER_WAY = "^curl .*5080/under-way"
COUNTED = "Active connections: 9 \nserver accepts handled requests\n 7 7 9 \nReading: 0 Writing: {} Waiting: 8 \n"


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (("nginx.service", "restart"), 101),
        (("--quiet", "nginx", "upgrade"), 101),
        (("nginx", "restart", "2"), 101),
        (("nginx.service", "start"), 0),
        (("nginx", "reload"), 0),
        (("docker.service", "restart"), 0),
        (("containerd.service", "restart"), 0),
    ],
)
def test_packages_may_restart_everything_but_nginx(relocate: Relocate, asked: tuple[str, ...], code: int) -> None:
    assert relocate().run("tools/policy-rc.d", *asked).returncode == code


def log_line(host: RelocatedHost, method: str, user: str, age: timedelta) -> None:
    moment = (datetime.now().astimezone() - age).isoformat(timespec="seconds")
    line = f'203.0.113.9 {user} [{moment}] "{method} /v2/a/blobs/uploads/1 HTTP/1.1" 202 0 0.1 "docker"\n'
    host.write("var/log/nginx/access.log", line)


@pytest.mark.parametrize(
    ("requests", "method", "user", "age_seconds", "is_quiet"),
    [
        (1, "PATCH", "ci", 300, True),
        (1, "GET", "ci", 0, True),
        (1, "PUT", "+host", 0, True),
        (2, "GET", "ci", 300, False),
        (1, "PATCH", "ci", 0, False),
        (1, "POST", "ci", 10, False),
    ],
)
def test_clients_are_at_work_during_a_request_and_between_those_of_a_push(
    relocate: Relocate, requests: int, method: str, user: str, age_seconds: int, is_quiet: bool
) -> None:
    host = relocate()
    log_line(host, method, user, timedelta(seconds=age_seconds))
    host.answer(Answer(UNDER_WAY, COUNTED.format(requests)))
    done = host.run("steps/await-quiet", "8")
    assert done.returncode == (0 if is_quiet else 1)
    assert done.stderr == ("" if is_quiet else "clients were at work for all of 8 s\n")


def test_a_front_door_that_does_not_answer_is_not_quiet(relocate: Relocate) -> None:
    host = relocate()
    host.write("var/log/nginx/access.log", "")
    host.answer(Answer(UNDER_WAY, code=7))
    assert host.run("steps/await-quiet", "8").returncode == 1


def test_quiet_lasts_longer_than_the_log_is_late(relocate: Relocate) -> None:
    host = relocate()
    host.write("var/log/nginx/access.log", "")
    host.answer(Answer("^sleep", gives="ended"), Answer(UNDER_WAY, COUNTED.format(1), needs="ended"),
                Answer(UNDER_WAY, COUNTED.format(2)))  # fmt: skip
    assert host.run("steps/await-quiet", "20").returncode == 0
    # One look at a request under way, and eight without.
    assert host.calls().count("sleep 1") == 8


def set_window(host: RelocatedHost, window: str | timedelta) -> None:
    """``window`` is a setting, or how long ago the window began."""
    if isinstance(window, timedelta):
        window = (datetime.now(UTC) - window).strftime("%a %H:%M")
    file = host.root / "etc/registry/host.env"
    file.write_text(file.read_text().replace("WINDOW=Sun 03:00\n", f"WINDOW={window}\n"))


# As nginx does: at USR2 it starts the program that is in its place now, which writes the file; at QUIT it ends.
MASTER = """
import os, signal, sys
pid_file, refuses = sys.argv[1], "refuses" in sys.argv
def exchange(*_):
    if refuses:
        return
    child = os.fork()
    if child == 0:
        os.setsid()
        open(pid_file + ".new", "w").write(str(os.getpid()))
        os.rename(pid_file + ".new", pid_file)
        while True:
            signal.pause()
signal.signal(signal.SIGUSR2, exchange)
if "lingers" in sys.argv:
    signal.signal(signal.SIGQUIT, signal.SIG_IGN)
print(flush=True)
while True:
    signal.pause()
"""


class Master:
    """A process in nginx's place, whose program was replaced."""

    def __init__(self, host: RelocatedHost, *ways: str) -> None:
        self.pid_file = host.write("run/nginx.pid", "")
        own = host.root / "usr/sbin/nginx"
        shutil.copy(Path(os.path.realpath("/usr/bin/python3")), own)
        self.process = subprocess.Popen([own, "-c", MASTER, self.pid_file, *ways], stdout=subprocess.PIPE)
        assert self.process.stdout
        self.process.stdout.readline()
        self.pid_file.write_text(f"{self.process.pid}\n")
        self._program = own

    def upgrade(self) -> None:
        self._program.unlink()

    @property
    def serving(self) -> int:
        return int(self.pid_file.read_text())

    def end(self) -> None:
        for pid in {self.process.pid, self.serving}:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.process.wait()


@pytest.fixture
def host(relocate: Relocate) -> RelocatedHost:
    return relocate("steps/choose-features", "steps/await-quiet", "steps/prove")


@pytest.fixture
def masters() -> Iterator[list[Master]]:
    made: list[Master] = []
    yield made
    for master in made:
        master.end()


def running(host: RelocatedHost, masters: list[Master], *ways: str) -> Master:
    masters.append(Master(host, *ways))
    if "refuses" not in ways:
        # However late the new process is.
        old, pid_file = masters[-1].process.pid, masters[-1].pid_file
        host.stand_in("sleep", f'until [ "$(cat {pid_file})" != {old} ]; do :; done')
    host.answer(*show(masters[-1].process.pid))
    return masters[-1]


def show(nginx: int, login_check: int = 0) -> tuple[Answer, ...]:
    units = {"nginx": nginx, "registry-auth": login_check}
    return tuple(Answer(f"^systemctl show .* {unit}.service", f"{pid}\n") for unit, pid in units.items())


def test_an_nginx_that_was_not_replaced_is_left_alone(host: RelocatedHost, masters: list[Master]) -> None:
    master = running(host, masters)
    done = host.run("steps/use-upgrades")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not [call for call in host.calls() if call.startswith(("await-quiet", "choose-features"))]
    assert master.serving == master.process.pid


def test_a_replaced_nginx_is_exchanged_when_no_client_is_at_work(host: RelocatedHost, masters: list[Master]) -> None:
    master = running(host, masters)
    master.upgrade()
    done = host.run("steps/use-upgrades")
    assert done.returncode == 0, done.stderr
    assert "usr/sbin/nginx was replaced" in done.stdout
    # Here four seconds pass at once: the second signal may be faster.
    assert master.process.wait(60) in (-signal.SIGQUIT, -signal.SIGTERM)
    assert master.serving != master.process.pid
    assert [call.split()[0] for call in host.calls()][-2:] != ["systemctl", "restart"]


def test_an_old_nginx_that_does_not_end_is_ended(host: RelocatedHost, masters: list[Master]) -> None:
    master = running(host, masters, "lingers")
    master.upgrade()
    assert host.run("steps/use-upgrades").returncode == 0
    assert master.process.wait(60) == -signal.SIGTERM


def test_an_old_nginx_goes_on_if_the_new_one_does_not_start(host: RelocatedHost, masters: list[Master]) -> None:
    master = running(host, masters, "refuses")
    master.upgrade()
    done = host.run("steps/use-upgrades")
    assert (done.returncode, done.stderr) == (
        1,
        "nginx has not started its new program: see /var/log/nginx/error.log\n".replace("/var", f"{host.root}/var"),
    )
    assert master.process.poll() is None


@pytest.mark.parametrize(("program", "code"), [("await-quiet", 0), ("choose-features", 1)])
def test_an_old_nginx_goes_on_while_clients_work_or_the_new_one_refuses_its_configuration(
    host: RelocatedHost, masters: list[Master], program: str, code: int
) -> None:
    master = running(host, masters)
    master.upgrade()
    set_window(host, timedelta(days=2))
    host.answer(*show(master.process.pid), Answer(f"^{program}", code=1))
    assert host.run("steps/use-upgrades").returncode == code
    assert master.serving == master.process.pid
    assert master.process.poll() is None


def test_in_the_window_a_replaced_nginx_is_exchanged_even_if_clients_never_rest(
    host: RelocatedHost, masters: list[Master]
) -> None:
    master = running(host, masters)
    master.upgrade()
    set_window(host, timedelta())
    host.answer(*show(master.process.pid), Answer("^await-quiet", code=1))
    assert host.run("steps/use-upgrades").returncode == 0
    assert master.serving != master.process.pid


def test_a_replaced_login_check_is_restarted(host: RelocatedHost, masters: list[Master]) -> None:
    master = running(host, masters)
    host.answer(*show(0, master.process.pid))
    master.upgrade()
    assert host.run("steps/use-upgrades").returncode == 0
    assert host.calls()[-1] == "systemctl restart registry-auth.service"


REBOOT = "systemctl reboot"


def need_reboot(host: RelocatedHost, *, window: str | timedelta = timedelta()) -> None:
    set_window(host, window)
    host.write("run/reboot-required", "")
    host.write("run/reboot-required.pkgs", "linux-image-7\nlibc6\nlinux-image-7\n")


def test_a_host_that_needs_no_reboot_is_not_rebooted(host: RelocatedHost) -> None:
    need_reboot(host)
    (host.root / "run/reboot-required").unlink()
    host.write("run/registry/reboot-due-since", "")
    assert host.run("steps/reboot-in-window").returncode == 0
    assert REBOOT not in host.calls()
    assert not (host.root / "run/registry/reboot-due-since").exists()


def test_the_host_reboots_in_its_window_once_no_client_is_at_work(host: RelocatedHost) -> None:
    need_reboot(host)
    done = host.run("steps/reboot-in-window")
    assert (done.returncode, done.stdout) == (0, "rebooting for libc6 linux-image-7\n"), done.stderr
    assert [call.split()[0] for call in host.calls()] == ["prove", "await-quiet", "systemctl"]
    assert host.calls()[-1] == REBOOT


@pytest.mark.parametrize(
    "window", ["never", timedelta(minutes=-2), timedelta(minutes=61), timedelta(days=1), timedelta(days=6, hours=23)]
)
def test_outside_its_window_the_host_only_notes_that_a_reboot_is_due(
    host: RelocatedHost, window: str | timedelta
) -> None:
    need_reboot(host, window=window)
    assert host.run("steps/reboot-in-window").returncode == 0
    assert host.calls() == []
    assert (host.root / "run/registry/reboot-due-since").exists()


@pytest.mark.parametrize("began", [timedelta(minutes=58), timedelta(days=7)])
def test_the_window_lasts_an_hour_of_each_week(host: RelocatedHost, began: timedelta) -> None:
    need_reboot(host, window=began)
    assert host.run("steps/reboot-in-window").returncode == 0
    assert REBOOT in host.calls()


def test_the_age_of_a_due_reboot_stays_with_later_looks(host: RelocatedHost) -> None:
    need_reboot(host, window="never")
    noted = host.write("run/registry/reboot-due-since", "")
    os.utime(noted, (1, 1))
    assert host.run("steps/reboot-in-window").returncode == 0
    assert noted.stat().st_mtime == 1


@pytest.mark.parametrize(("days", "again"), [(0.0, False), (6.5, False), (6.99, True), (20.0, True)])
def test_a_reboot_that_is_due_again_waits_for_the_next_week(host: RelocatedHost, days: float, again: bool) -> None:
    need_reboot(host)
    moment = time.time() - timedelta(days=days).total_seconds()
    os.utime(host.write("var/lib/registry/rebooted", ""), (moment, moment))
    assert host.run("steps/reboot-in-window").returncode == 0
    assert (REBOOT in host.calls()) == again


def test_a_registry_that_does_not_work_is_not_rebooted(host: RelocatedHost) -> None:
    need_reboot(host)
    host.answer(Answer("^prove", complains="the proof failed at the login\n", code=1))
    done = host.run("steps/reboot-in-window")
    assert (done.returncode, done.stderr) == (1, "the proof failed at the login\n")
    assert REBOOT not in host.calls()
    assert not (host.root / "var/lib/registry/rebooted").exists()


def test_clients_that_never_rest_delay_a_reboot_by_half_an_hour_at_most(host: RelocatedHost) -> None:
    need_reboot(host)
    host.answer(Answer("^await-quiet 1800$", code=1))
    assert host.run("steps/reboot-in-window").returncode == 0
    assert host.calls()[-1] == REBOOT


# As needrestart reads its configuration, and chooses by it.
NEEDRESTART = """
our %nrconf = (override_rc => {});
eval do { local (@ARGV, $/) = shift; <> };
die $@ if $@;
for my $unit (@ARGV) {
    my ($re) = grep { $unit =~ /$_/ } keys %{$nrconf{override_rc}};
    print defined $re ? $nrconf{override_rc}->{$re} : "", "\\n";
}
"""


def test_needrestart_leaves_the_front_door_and_its_login_check_alone() -> None:
    units = ("nginx.service", "registry-auth.service", "registry-users.service", "ssh.service")
    done = subprocess.run(
        ["perl", "-e", NEEDRESTART, USERDATA / "etc/needrestart/conf.d/registry.conf", *units],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines() == ["0", "0", "", ""]
