"""Real hosts in a real world: one boot of two hosts serves every test here. Needs root."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import xmlrpc.client
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal.contract.world_network import S3_ADDRESS, WORLD_ADDRESS
from rehearsal.machine.fitness import make_fit
from rehearsal.machine.workplace import OUTSIDE_LINK, BusyError, Workplace
from rehearsal.machine.world.namespaces import enter, start_world
from tests.support import host_world

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="NOT TESTED: hosts need root; run `sudo make test`")

REPOSITORY = Path(__file__).parents[4]
FIRST, SECOND = "i-0first", "i-0second"
FIRST_IP, SECOND_IP = "10.0.1.11", "10.0.200.12"
ADDRESS, OTHER_ADDRESS = "10.77.0.100", "10.77.0.199"
CURL_REFUSED, CURL_TIMED_OUT = 7, 28
ANYBODY_TO_8080 = [["0.0.0.0/0", "8080", "8080"]]
# Answers who it is and who asks.
ANSWERER = """
import http.server, socket
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
        self.wfile.write(f"{socket.gethostname()} to {self.client_address[0]}".encode())
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer(("", 8080), Handler).serve_forever()
"""
UNIT = """
[Service]
ExecStart=/usr/bin/python3 /opt/answer.py
[Install]
WantedBy=multi-user.target
"""


def user_data(*more: list[str]) -> str:
    document = {
        "write_files": [
            {"path": "/opt/answer.py", "content": ANSWERER},
            {"path": "/etc/systemd/system/answer.service", "content": UNIT},
        ],
        "runcmd": [["systemctl", "enable", "--now", "answer.service"], *more],
    }
    return "#cloud-config\n" + json.dumps(document)


INSTALL_DOCKER = (
    ["apt-get", "update", "--quiet"],
    ["apt-get", "install", "--yes", "--quiet", "--no-install-recommends", "docker.io", "docker-cli", "busybox-static"],
)


def processes(holds: Callable[[Path], bool]) -> set[int]:
    """The processes for whose folder in /proc it holds."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if holds(process):
                found.add(int(process.name))
    return found


def processes_in(network: str) -> set[int]:
    return processes(lambda process: str((process / "ns/net").readlink()) == network)


def take_machine(workplace: Workplace) -> int:
    """The lock, of a machine without leftovers; another rehearsal is given two minutes to end."""
    deadline = time.monotonic() + 120
    while True:
        try:
            lock = workplace.take_lock()
            break
        except BusyError:
            if time.monotonic() > deadline:
                raise
            time.sleep(1)
    workplace.prepare()
    workplace.remove_leftovers()
    workplace.prepare()
    return lock


@contextlib.contextmanager
def world(workplace: Workplace, argv: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    lock = take_machine(workplace)
    keeper = start_world(workplace, argv, lock=lock, detached=False)
    os.close(lock)
    try:
        yield keeper
    finally:
        keeper.kill()
        keeper.wait()
        workplace.release_lock(free_lock(workplace))


def free_lock(workplace: Workplace) -> int:
    """The lock of a world that has just been killed, and its leftovers removed."""
    lock = take_machine(workplace)
    workplace.remove_leftovers()
    return lock


@pytest.fixture(scope="module")
def workplace() -> Workplace:
    workplace = host_world.workplace()
    make_fit(workplace, print)
    return workplace


@pytest.fixture(scope="module")
def keeper(workplace: Workplace) -> Iterator[subprocess.Popen[bytes]]:
    os.environ["PYTHONPATH"] = str(REPOSITORY)
    with world(workplace, [sys.executable, host_world.__file__]) as keeper:
        yield keeper


@pytest.fixture(scope="module")
def inside(keeper: subprocess.Popen[bytes]) -> Any:
    """The world, with two hosts that have run their user data at the same time."""
    deadline = time.monotonic() + 180
    while not listens(WORLD_ADDRESS, host_world.PORT):
        assert keeper.poll() is None, "the world ended at its start"
        assert time.monotonic() < deadline
        time.sleep(0.1)
    proxy: Any = xmlrpc.client.ServerProxy(f"http://{WORLD_ADDRESS}:{host_world.PORT}")
    proxy.boot(FIRST, FIRST_IP, user_data(*INSTALL_DOCKER))
    proxy.boot(SECOND, SECOND_IP, user_data())
    return proxy


def listens(address: str, port: int) -> bool:
    try:
        socket.create_connection((address, port), timeout=1).close()
    except OSError:
        return False
    return True


@pytest.fixture
def first(inside: Any) -> str:
    inside.wait(FIRST)
    return FIRST


@pytest.fixture
def second(inside: Any) -> str:
    inside.wait(SECOND)
    return SECOND


def succeed(inside: Any, host: str, *argv: str) -> str:
    code, output = inside.run(host, list(argv), 60)
    assert code == 0, output
    return str(output)


def call(address: str, port: int = 8080) -> str:
    with urllib.request.urlopen(f"http://{address}:{port}/", timeout=1) as reply:
        return str(reply.read().decode())


def test_host_runs_its_user_data_under_the_ec2_datasource(inside: Any) -> None:
    datasource, errors = inside.wait(SECOND)
    assert datasource.startswith("DataSourceEc2")
    assert errors == []
    assert succeed(inside, SECOND, "systemctl", "is-active", "answer.service") == "active\n"
    assert succeed(inside, SECOND, "systemctl", "is-system-running") == "running\n"
    assert succeed(inside, SECOND, "hostname") == "i-0second\n"


def test_command_returns_its_exit_code_and_output_and_ends_at_its_limit(inside: Any, second: str) -> None:
    assert inside.run(second, ["sh", "-c", "echo here; id -u; exit 3"], 10) == [3, "here\n0\n"]
    assert inside.run(second, ["sleep", "600"], 1)[0] == "timeout"
    assert inside.run(second, ["pgrep", "--full", "^sleep 600"], 10) == [1, ""]


def test_host_trusts_the_rehearsal_authority_and_reaches_the_internet_for_packages(inside: Any, second: str) -> None:
    verdict = succeed(inside, second, "openssl", "verify", "/usr/local/share/ca-certificates/rehearsal.crt")
    assert verdict.endswith(": OK\n")
    succeed(inside, second, "apt-get", "update", "--quiet")


def test_hosts_see_each_other(inside: Any, first: str, second: str) -> None:
    assert succeed(inside, first, "curl", "-sS", f"http://{SECOND_IP}:8080") == f"i-0second to {FIRST_IP}"
    assert succeed(inside, second, "curl", "-sS", f"http://{FIRST_IP}:8080") == f"i-0first to {SECOND_IP}"


def test_metadata_service_answers_only_a_request_with_a_token(inside: Any, second: str) -> None:
    url = "http://169.254.169.254/latest"
    assert succeed(inside, second, "curl", "-s", "-w", "%{http_code}", f"{url}/meta-data/") == "401"
    with_ttl = ["-H", "X-aws-ec2-metadata-token-ttl-seconds: 60"]
    token = succeed(inside, second, "curl", "-sS", "-X", "PUT", *with_ttl, f"{url}/api/token")
    with_token = ["-H", f"X-aws-ec2-metadata-token: {token}"]
    assert succeed(inside, second, "curl", "-sS", *with_token, f"{url}/meta-data/instance-id") == second
    assert "answer.service" in succeed(inside, second, "curl", "-sS", *with_token, f"{url}/user-data")


def test_metadata_token_does_not_cross_dockers_bridge(inside: Any, first: str) -> None:
    succeed(inside, first, "sh", "-c", "tar -C / -c usr/bin/busybox | docker import - tiny")
    busybox = ["docker", "run", "--rm", "tiny", "/usr/bin/busybox"]
    assert succeed(inside, first, *busybox, "echo", "hello") == "hello\n"
    request = (
        r"printf 'PUT /latest/api/token HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        r"X-aws-ec2-metadata-token-ttl-seconds: 60\r\n\r\n' | docker run --rm -i --network={} tiny"
        " /usr/bin/busybox timeout 2 /usr/bin/busybox nc 169.254.169.254 80"
    )
    assert "200 OK" in succeed(inside, first, "sh", "-c", request.format("host"))
    assert inside.run(first, ["sh", "-c", request.format("bridge")], 20)[1] == ""


def test_reboot_and_power_cut_keep_the_disk_and_what_is_enabled(inside: Any, first: str) -> None:
    run = ("docker", "run", "--detach", "--restart=always", "--name=stays", "--network=host", "--stop-timeout=1")
    succeed(inside, first, *run, "tiny", "/usr/bin/busybox", "sleep", "1000")
    assert inside.reboot(first) == 2
    inside.wait(first)
    assert succeed(inside, first, "docker", "inspect", "--format={{.State.Running}}", "stays") == "true\n"
    assert inside.lose_power(first) is False
    inside.wait(first)
    assert succeed(inside, first, "systemctl", "is-active", "answer.service") == "active\n"


def test_power_cut_keeps_only_what_was_synced_or_is_older_than_the_kernel_waits(inside: Any, first: str) -> None:
    succeed(
        inside, first, "sh", "-c", "echo kept > /opt/synced && sync --file-system /opt/synced && echo gone > /opt/new"
    )
    inside.lose_power(first)
    inside.wait(first)
    assert succeed(inside, first, "cat", "/opt/synced") == "kept\n"
    assert "gone" not in inside.run(first, ["cat", "/opt/new"], 10)[1]


def test_elastic_ip_leads_to_its_host_and_keeps_the_clients_address(inside: Any, first: str, second: str) -> None:
    inside.apply_addresses({ADDRESS: (FIRST_IP, ANYBODY_TO_8080), OTHER_ADDRESS: (SECOND_IP, ANYBODY_TO_8080)})
    assert call(ADDRESS) == "i-0first to 10.77.0.1"
    assert call(OTHER_ADDRESS) == "i-0second to 10.77.0.1"
    assert inside.call(f"http://{ADDRESS}:8080") == "i-0first to 10.77.0.2"
    assert succeed(inside, first, "curl", "-sS", f"http://{ADDRESS}:8080") == f"i-0first to {ADDRESS}"
    assert succeed(inside, second, "curl", "-sS", f"http://{ADDRESS}:8080") == f"i-0first to {OTHER_ADDRESS}"


@pytest.mark.usefixtures("first")
def test_elastic_ip_is_silent_on_closed_ports_for_closed_sources_and_when_free(inside: Any) -> None:
    inside.apply_addresses({ADDRESS: (FIRST_IP, [["10.77.0.2/32", "8080", "8080"]])})
    for address, port in ((ADDRESS, 8080), (ADDRESS, 22), (OTHER_ADDRESS, 8080)):
        with pytest.raises(urllib.error.URLError, match="timed out"):
            call(address, port)
    assert inside.call(f"http://{ADDRESS}:8080") == "i-0first to 10.77.0.2"
    assert inside.call(f"http://{OTHER_ADDRESS}:8080") == ""


def test_elastic_ip_moves_between_hosts_without_a_refused_connection(inside: Any, first: str, second: str) -> None:
    for turn in range(20):
        host, private_ip = ((second, SECOND_IP), (first, FIRST_IP))[turn % 2]
        inside.apply_addresses({ADDRESS: (private_ip, ANYBODY_TO_8080)})
        assert {call(ADDRESS).split()[0] for _ in range(5)} == {host}


@pytest.mark.usefixtures("first")
def test_connection_over_a_moved_elastic_ip_is_dead_without_a_word(inside: Any, second: str) -> None:
    inside.apply_addresses({ADDRESS: (FIRST_IP, ANYBODY_TO_8080)})
    with socket.create_connection((ADDRESS, 8080), timeout=1) as opened_before:
        inside.apply_addresses({ADDRESS: (SECOND_IP, ANYBODY_TO_8080)})
        assert call(ADDRESS).split()[0] == second
        opened_before.sendall(b"GET / HTTP/1.0\r\n\r\n")
        with pytest.raises(TimeoutError):
            opened_before.recv(1)


def test_host_without_a_public_address_reaches_the_vpc_the_metadata_service_and_s3(inside: Any, second: str) -> None:
    def reach(url: str) -> int:
        return int(inside.run(second, ["curl", "--silent", "--max-time", "2", "--output", "/dev/null", url], 10)[0])

    aws = f"http://{WORLD_ADDRESS}:{host_world.SERVER_PORT}"
    assert reach(aws) == 0
    inside.give_public_address(SECOND_IP, "")
    assert reach(aws) == CURL_TIMED_OUT
    # Nothing listens there in this world, and it says so.
    assert reach(f"http://{S3_ADDRESS}") == CURL_REFUSED
    assert reach(f"http://{FIRST_IP}:8080") == 0
    assert reach("http://169.254.169.254") == 0
    inside.give_public_address(SECOND_IP, ADDRESS)
    assert reach(aws) == 0


def test_connection_of_a_host_is_dead_once_its_public_address_is_another(inside: Any, second: str) -> None:
    talk = (
        f"exec 3<>/dev/tcp/{WORLD_ADDRESS}/{host_world.SERVER_PORT}; touch /run/opened;"
        r" until [ -e /run/go ]; do sleep 0.1; done; printf 'GET / HTTP/1.0\r\n\r\n' >&3;"
        " read -t 3 line <&3; echo $? > /run/heard"
    )
    succeed(inside, second, "systemd-run", "--no-block", "bash", "-c", talk)
    succeed(inside, second, "sh", "-c", "until [ -e /run/opened ]; do sleep 0.1; done")
    inside.give_public_address(SECOND_IP, OTHER_ADDRESS)
    succeed(inside, second, "touch", "/run/go")
    heard = succeed(inside, second, "sh", "-c", "until [ -s /run/heard ]; do sleep 0.1; done; cat /run/heard")
    # bash's read, of a descriptor that says nothing in time
    assert int(heard) > 128


def test_world_is_entered_from_the_machine(inside: Any, keeper: subprocess.Popen[bytes]) -> None:
    assert inside
    command = enter(keeper.pid, ["cat", "/proc/net/dev", "/etc/resolv.conf"])
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "vpc0" in output
    assert OUTSIDE_LINK not in output


def test_second_rehearsal_is_told_the_holder(workplace: Workplace, keeper: subprocess.Popen[bytes]) -> None:
    with pytest.raises(BusyError, match=rf"process {keeper.pid}, since 20.*, started in {Path.cwd()}\."):
        workplace.take_lock()


def test_removed_host_leaves_its_logs_and_nothing_else(inside: Any, workplace: Workplace, second: str) -> None:
    inside.remove(second)
    logs = workplace.run / "logs" / second
    assert "answer.service" in (logs / "console.log").read_text()
    assert "DataSourceEc2" in (logs / "log/cloud-init.log").read_text()
    assert not (workplace.run / "hosts" / second).exists()
    assert not any((directory / second).exists() for directory in workplace.cgroups())


def test_killed_world_leaves_only_folders_that_can_be_removed(
    inside: Any, workplace: Workplace, keeper: subprocess.Popen[bytes], first: str
) -> None:
    assert inside
    assert first
    # A half-open connection between two that die at once: neither will hear the other's goodbye.
    hold = "exec 3<>/dev/tcp/169.254.169.254/80; exec sleep 1000"
    succeed(inside, first, "systemd-run", "--no-block", "bash", "-c", hold)
    succeed(inside, first, "sh", "-c", "until ss -Hnt state established dst 169.254.169.254 | grep -q .; do :; done")
    network = str(Path(f"/proc/{keeper.pid}/ns/net").readlink())
    assert len(processes_in(network)) > 3
    keeper.kill()
    keeper.wait()
    assert_no_traces(network)
    lock = workplace.take_lock()
    workplace.remove_leftovers()
    workplace.release_lock(lock)
    assert not workplace.run.exists()
    assert not workplace.lock.exists()
    assert not any(directory.exists() for directory in workplace.cgroups())


def assert_no_traces(network: str) -> None:
    """The kernel buries namespaces a moment after their last process."""
    deadline = time.monotonic() + 10
    while traces := traces_of(network):
        assert time.monotonic() < deadline, traces
        time.sleep(0.05)


def traces_of(network: str) -> list[str]:
    ours = processes(lambda process: b"registry-rehearsal" in (process / "cmdline").read_bytes()) - {os.getpid()}
    found = [f"process {pid}" for pid in processes_in(network)]
    found += [f"interface {OUTSIDE_LINK}" for _, name in socket.if_nameindex() if name == OUTSIDE_LINK]
    found += [line for line in Path("/proc/self/mounts").read_text().splitlines() if "registry-rehearsal" in line]
    return found + [f"process {pid} with our folder" for pid in ours]


STARTER = """
import os, subprocess, sys
from rehearsal.machine.world.namespaces import start_world
from tests.support.host_world import workplace
workplace = workplace()
workplace.prepare()
lock = workplace.take_lock()
keeper = start_world(workplace, ["sleep", "1000"], lock=lock, detached=False)
os.close(lock)
print(keeper.pid, flush=True)
keeper.wait()
"""


def run_here(program: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    return subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, env=environment)


@pytest.mark.parametrize("victim", ["starter", "keeper", "first process", "the world's own process"])
def test_kill_of_any_one_process_ends_the_world(workplace: Workplace, victim: str) -> None:
    workplace.release_lock(take_machine(workplace))
    starter = run_here(STARTER)
    assert starter.stdout is not None
    keeper = int(starter.stdout.readline())
    network = str(Path(f"/proc/{keeper}/ns/net").readlink())
    first_process = only_child(keeper)
    own = only_child(first_process)
    victims = {"starter": starter.pid, "keeper": keeper, "first process": first_process, "the world's own process": own}
    os.kill(victims[victim], signal.SIGKILL)
    assert_no_traces(network)
    starter.wait(10)
    workplace.release_lock(free_lock(workplace))


BUILDER = """
from pathlib import Path
from rehearsal.machine import roots
from rehearsal.machine.layers import Stack, run_in
from tests.support.host_world import workplace
workplace = workplace()
layers = roots.base(workplace, print).layers
place = workplace.run / "registry-rehearsal-build"
for name in ("upper", "work", "at"):
    (place / name).mkdir(parents=True)
stack = Stack(tuple(map(str, layers)), f"{place}/upper", f"{place}/work", f"{place}/at")
run_in(stack, ["sh", "-c", "echo inside > /inside; sleep 1000; : registry-rehearsal"], {"PATH": "/usr/bin"})
"""


def test_killed_maker_of_a_root_leaves_no_process_and_no_mount(workplace: Workplace) -> None:
    lock = take_machine(workplace)
    builder = run_here(BUILDER)
    while not (workplace.run / "registry-rehearsal-build/upper/inside").exists():
        assert builder.poll() is None
        time.sleep(0.05)
    builder.kill()
    builder.wait()
    assert_no_traces("none")
    workplace.remove_leftovers()
    workplace.release_lock(lock)
    assert not workplace.run.exists()


def only_child(pid: int) -> int:
    """Waits for it: the world's own process starts a moment after the world does."""
    while True:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        if len(children) == 1:
            return int(children[0])
        time.sleep(0.02)
