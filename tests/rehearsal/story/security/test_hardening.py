"""Each check of the story's hardening steps finds its fault; no world is needed."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest

from rehearsal.contract import run_directory
from rehearsal.contract.mail import Mail, Mailbox
from rehearsal.contract.product import LISTENERS
from rehearsal.contract.world_state import Host
from rehearsal.machine.workplace import Workplace
from rehearsal.outside.world import World
from rehearsal.story.security import search_host, tls_scanner
from rehearsal.story.security.hardening import faults_of_redirect, faults_over_tls, listening, read_headers
from rehearsal.story.security.leaks import contents_outside, forms
from rehearsal.story.security.search_host import as_stranger, files, named_in, of_processes
from tests.support.cloud_account import Account, running_account

DUMPED = """HTTP/2 401\r
server: nginx\r
content-security-policy: default-src 'none'; sandbox\r
strict-transport-security: max-age=63072000\r
docker-distribution-api-version: registry/2.0\r
x-content-type-options: nosniff\r
\r
"""
REDIRECT = "HTTP/1.1 308 Permanent Redirect\r\nServer: nginx\r\nLocation: https://r.example.com/v2/\r\n\r\n"
# Of a host, with iproute2 6.15.
SEEN_BY_SS = """\
tcp LISTEN 0 511 0.0.0.0:80 0.0.0.0:* users:(("nginx",pid=300,fd=6),("nginx",pid=299,fd=6))
tcp LISTEN 0 511 0.0.0.0:443 0.0.0.0:* users:(("nginx",pid=300,fd=7))
tcp LISTEN 0 4096 127.0.0.1:5000 0.0.0.0:* users:(("registry",pid=700,fd=9))
tcp LISTEN 0 511 127.0.0.1:5080 0.0.0.0:* users:(("nginx",pid=300,fd=7))
tcp LISTEN 0 511 127.0.0.1:5081 0.0.0.0:* users:(("nginx",pid=300,fd=8))
"""
SECRET = "a-secret+that/leaked"  # noqa: S105
FORMS = {"users/push/admin": forms(SECRET, "admin")}
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


def test_a_right_answer_has_no_fault() -> None:
    assert faults_over_tls(read_headers(DUMPED)) == []


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ("server: nginx\r\n", "server: nginx/1.28.0\r\n", "server tells a version: nginx/1.28.0"),
        ("max-age=63072000", "max-age=300", "HSTS is max-age=300"),
        ("strict-transport-security", "x", "HSTS is missing"),
        ("docker-distribution", "Docker-Distribution-Api-Version: 2\r\ndocker-distribution", "is there 2 times"),
        ("x-content-type-options", "x", "x-content-type-options is there 0 times"),
        ("default-src 'none'", "default-src *", "the policy for browsers is default-src *; sandbox"),
        ("server:", "Via: 1.1 proxy\r\nserver:", "via tells a version: 1.1 proxy"),
    ],
)
def test_a_fault_in_a_header_is_found(before: str, after: str, fault: str) -> None:
    assert fault in "\n".join(faults_over_tls(read_headers(DUMPED.replace(before, after))))


def test_port_80_leads_to_the_same_path_over_tls() -> None:
    assert faults_of_redirect(read_headers(REDIRECT), "https://r.example.com/v2/") == []
    assert faults_of_redirect(read_headers(REDIRECT), "https://r.example.com/v2/demo") != []
    assert faults_of_redirect(read_headers(DUMPED), "https://r.example.com/v2/") == [
        "the status is 401, not 301 or 308",
        "it leads to nowhere, not to https://r.example.com/v2/",
    ]


def test_every_open_port_is_read_and_an_unknown_one_is_found() -> None:
    assert listening(SEEN_BY_SS) == set(LISTENERS)
    more = 'tcp LISTEN 0 4096 *:5001 *:* users:(("registry",pid=700,fd=10))\nudp UNCONN 0 0 0.0.0.0:68 0.0.0.0:*\n'
    assert listening(SEEN_BY_SS + more) - set(LISTENERS) == {"tcp *:5001 registry", "udp 0.0.0.0:68 unknown"}


@pytest.mark.parametrize(
    "leaked",
    [
        f"password={SECRET}",
        "authorization: Basic YWRtaW46YS1zZWNyZXQrdGhhdC9sZWFrZWQ=",
        "value: YS1zZWNyZXQrdGhhdC9sZWFrZWQ=",
        "https://r.example.com/?p=a-secret%2Bthat%2Fleaked",
    ],
)
def test_a_secret_is_found_in_every_form(leaked: str) -> None:
    assert named_in(b"before " + leaked.encode() + b" after", FORMS) == ["users/push/admin"]
    assert named_in(leaked.replace("a", "b").replace("Y", "Z").encode(), FORMS) == []


@as_root
def test_others_see_the_files_that_modes_let_them_see(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, mode in (("open", 0o644), ("closed", 0o600), ("sealed/cache", 0o644)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(SECRET)
        (tmp_path / name).chmod(mode)
    (tmp_path / "sealed").chmod(0o700)
    for folder in (tmp_path, *tmp_path.parents):
        if folder.owner() == "root" and folder.is_relative_to("/tmp/pytest-of-root"):  # noqa: S108
            folder.chmod(0o755)
    monkeypatch.setattr(search_host, "OPEN_TO_OTHERS", (str(tmp_path),))
    seen = dict(as_stranger())
    found = {Path(path).name: named_in(content, FORMS) for path, content in seen.items()}
    assert found == {"open": ["users/push/admin"], "closed": []}
    assert os.geteuid() == 0
    assert {Path(path).name for path, _ in files(str(tmp_path))} == {"open", "closed", "cache"}


def test_a_secret_on_a_command_line_is_found() -> None:
    # It says that it runs: until then its command line may still be empty.
    argv = [sys.executable, "-c", "print(flush=True); input()", SECRET]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        found = [where for where, content in of_processes("cmdline", with_root=True) if named_in(content, FORMS)]
        process.communicate(b"\n")
    assert len(found) == 1
    assert found[0].startswith("python")


def test_search_needs_only_the_hosts_python() -> None:
    source = Path(search_host.__file__).read_text()
    program = f"{source}\nprint(named_in(b'{SECRET}', {FORMS!r}))\n"
    python = ["/usr/bin/python3", "-I", "-"]
    done = subprocess.run(python, input=program, check=True, capture_output=True, text=True)
    assert done.stdout == "['users/push/admin']\n"


@pytest.mark.parametrize(
    ("printed", "compliant"),
    [
        ("Checking results against Mozilla's\n\n    r:443: OK - Compliant.\n", True),
        ("Checking results against Mozilla's\n\n    r:443: FAILED - Not compliant.\n  * ciphers: x\n", False),
        ("WARNING: could not connect to r:443\n", False),
    ],
)
def test_the_scanners_verdict_is_what_follows_the_comparison(printed: str, compliant: bool) -> None:
    verdict = tls_scanner.verdict(printed)
    assert (tls_scanner.COMPLIANT in verdict) is compliant
    assert verdict


@dataclass(frozen=True, slots=True)
class WorldOfAnAccount:
    """As much of a world as has an AWS, a folder and a mailbox."""

    account: Account
    workplace: Workplace
    keeper_pid: int

    def aws(self, service: str) -> Any:
        return self.account.client(service)

    def hosts(self) -> tuple[Host, ...]:
        return tuple(Host(each.id, each.private_ip, None) for each in self.account.cloud.instances())


@pytest.fixture
def world(tmp_path: Path) -> Iterator[WorldOfAnAccount]:
    with running_account() as account:
        instance = account.create_host("first")
        workplace = Workplace(tmp_path / "cache", tmp_path / "run", tmp_path / "lock")
        (workplace.run / "cdk.out").mkdir(parents=True)
        (workplace.run / "cdk.out" / "template.json").write_text("{}")
        folder = workplace.run / run_directory.HOSTS / instance.id
        folder.mkdir(parents=True)
        (folder / "console.log").write_text("booted")
        Mailbox(workplace).post(Mail("now", "ops@example.com", "sns", "confirm", "follow the link", "arn", ""))
        account.client("logs").create_log_group(logGroupName="function")
        yield WorldOfAnAccount(account, workplace, os.getpid())


@as_root
def test_a_secret_in_the_account_the_folder_or_a_mail_is_found(world: WorldOfAnAccount) -> None:
    def found() -> set[str]:
        contents = list(contents_outside(cast(World, world), {"RegistryUrl": "https://registry.example.com"}))
        assert {place for place, _, _ in contents} == {
            *("templates and assets", "outputs", "user data", "consoles", "log groups"),
            *("functions' environments", "Run Command", "mails"),
        }
        assert [content for place, _, content in contents if place == "user data"] == [b"first"]
        return {place for place, _, content in contents if named_in(content, FORMS)}

    assert found() == set()
    logs = world.aws("logs")
    logs.create_log_stream(logGroupName="function", logStreamName="run")
    event = {"timestamp": time.time_ns() // 1_000_000, "message": f"login {SECRET}"}
    logs.put_log_events(logGroupName="function", logStreamName="run", logEvents=[event])
    (world.workplace.run / "cdk.out" / "template.json").write_text(SECRET)
    Mailbox(world.workplace).post(Mail("now", "ops@example.com", "sns", "DOWN", SECRET, "arn", ""))
    assert found() == {"log groups", "templates and assets", "mails"}
