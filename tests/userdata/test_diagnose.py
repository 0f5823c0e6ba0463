"""The output of `diagnose`, read as the Lambda reads it."""

import os
import time
from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from lambdas.see.facts import Facts
from tests.support.relocated_host import ADDRESS, Answer, RelocatedHost, read
from tests.userdata.conftest import Relocate

KEYS = {field.name for field in fields(Facts)}
# A verb's output may be this long.
LONGEST_OUTPUT = 2_000
CATALOG = Answer("^curl .*_catalog.n=1&last=~", "200")
DOOR = Answer("^curl .*--insecure https://127.0.0.1/v2/", "401")
LOGIN = Answer("^curl .*proof/curl https://127.0.0.1/v2/", "200")
ANSWERS = Answer("^curl .*:5000/v2/$", "200")
INSTANCE = Answer("^aws-api metadata instance-id", "i-0123456789abcdef0")
HELD = Answer("^aws-api metadata public-ipv4", ADDRESS)
UNITS = Answer("^systemctl is-active nginx", "active\nactive\nactive\n")
ENGINE = Answer("^docker inspect", "running 2\n")
DISK = Answer("^df", "Use% IUse%\n 41%    7%\n 12%     -\n")
NOTHING_WRONG = (CATALOG, LOGIN, DOOR, ANSWERS, INSTANCE, HELD, UNITS, ENGINE, DISK)


def http_date(offset: timedelta = timedelta()) -> Answer:
    moment = time.gmtime(time.time() - offset.total_seconds())
    return Answer("^curl .*--head", time.strftime("HTTP/2 307\r\nDate: %a, %d %b %Y %H:%M:%S GMT\r\n\r\n", moment))


@pytest.fixture
def host(relocate: Relocate) -> RelocatedHost:
    host = relocate("tools/aws-api")
    host.write("etc/registry/users/push", "admin:hash\n")
    host.write("etc/registry/users/pull", "admin:hash\n")
    host.write("etc/registry/proof/curl", "user = x\n")
    host.write("var/lib/registry/users-synced", "")
    (host.root / "etc/nginx/features").mkdir(parents=True)
    host.have_certificate()
    written = str(host.root / "run/registry/diagnose.object")
    host.answer(*NOTHING_WRONG, http_date(), Answer("^aws-api s3 get", copies=(written, f"{written}.read")))
    return host


def facts(host: RelocatedHost) -> Facts:
    done = host.run("bin/diagnose")
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout) < LONGEST_OUTPUT
    assert set(read(done.stdout)) == KEYS
    return Facts.read(done.stdout)


def test_a_healthy_host_prints_no_fault(host: RelocatedHost) -> None:
    fingerprint = host.have_certificate()
    seen = facts(host)
    assert seen.certificate_fingerprint == fingerprint
    assert seen.certificate_serial
    assert seen.certificate_not_after
    assert seen.clock_offset_seconds in (0, 1, 2)
    assert seen.memory_available_percent
    assert replace(
        seen,
        certificate_fingerprint=None,
        certificate_serial=None,
        certificate_not_after=None,
        clock_offset_seconds=None,
        memory_available_percent=None,
    ) == Facts(
        instance_id="i-0123456789abcdef0",
        nginx="active",
        nginx_config="ok",
        auth="active",
        docker="active",
        registry="running",
        registry_restarts=2,
        disk_used_percent=41,
        s3="ok",
        certificate="ok",
        catalog=200,
        users_file="ok",
        acme="ok",
        address="held",
        door="401",
        login="200",
        engine="200",
        resolver="ok",
        reboot_due_days=0,
        door_without="nothing",
    )


def test_a_check_that_hangs_is_unknown_and_delays_no_other(host: RelocatedHost) -> None:
    script = host.home / "bin/diagnose"
    text = script.read_text()
    assert "limit_seconds=16" in text
    script.write_text(text.replace("limit_seconds=16", "limit_seconds=2"))
    host.answer(Answer("^(docker|curl|systemctl|nginx|df|aws-api)", waits_for="nothing"))
    began = time.monotonic()
    seen = facts(host)
    assert time.monotonic() - began < 5
    assert {seen.docker, seen.registry, seen.s3, seen.catalog, seen.address} == {None}
    assert seen.certificate == "ok"
    assert seen.users_file == "ok"
    assert seen.memory_available_percent


def test_a_check_that_fails_is_unknown(host: RelocatedHost) -> None:
    host.answer(Answer("", complains="cannot allocate memory\n", code=1))
    seen = facts(host)
    assert {seen.instance_id, seen.nginx, seen.registry, seen.address} == {None}
    assert {seen.disk_used_percent, seen.clock_offset_seconds} == {None}


PUT = "s3 PutObject s3://b/k"


@pytest.mark.parametrize(
    ("refusal", "code", "expected"),
    [
        (f"{PUT}: HTTP 403 AccessDenied: User: arn:aws:sts::1:x is not authorized", 4, "denied"),
        (f"{PUT}: HTTP 404 NoSuchBucket: The specified bucket does not exist", 4, "missing"),
        (f"{PUT}: HTTP 403 RequestTimeTooSkewed: The difference is", 4, "RequestTimeTooSkewed"),
        (f"{PUT}: HTTP 400 KMS.DisabledException: key", 4, "KMS-DisabledException"),
        (f"{PUT}: HTTP 503 SlowDown: Please reduce your request rate.", 1, "SlowDown"),
        (f"{PUT}: HTTP 502 ", 1, "HTTP-502"),
        (f"{PUT}: curl: (28) Connection timed out", 1, "unreachable"),
        ("the instance metadata hold no role credentials", 1, "no-credentials"),
    ],
)
def test_a_refusal_of_s3_becomes_one_word(host: RelocatedHost, refusal: str, code: int, expected: str) -> None:
    host.answer(Answer("^aws-api s3 put", complains=f"aws-api: {refusal}\n", code=code), *NOTHING_WRONG)
    assert facts(host).s3 == expected


def test_an_object_that_comes_back_changed_is_a_fault(host: RelocatedHost) -> None:
    written = str(host.root / "etc/registry/users/push")
    read_back = str(host.root / "run/registry/diagnose.object.read")
    host.answer(Answer("^aws-api s3 get", copies=(written, read_back)), *NOTHING_WRONG)
    assert facts(host).s3 == "changed"


def test_the_fullest_disk_or_its_inodes_count(host: RelocatedHost) -> None:
    host.answer(replace(DISK, says="Use% IUse%\n 41%  100%\n 12%     -\n"), *NOTHING_WRONG)
    assert facts(host).disk_used_percent == 100


def test_a_full_run_in_memory_counts_as_a_full_disk(host: RelocatedHost) -> None:
    host.answer(Answer("^df .*/run ", says="Use% IUse%\n 41%  7%\n 100%     1%\n"), *NOTHING_WRONG)
    assert facts(host).disk_used_percent == 100


def test_features_that_the_host_is_too_old_for_are_named(host: RelocatedHost) -> None:
    for feature, choice in (("one", "with"), ("two", "without"), ("three", "without")):
        chosen = host.root / "etc/nginx/features" / feature / "chosen"
        chosen.parent.mkdir(parents=True, exist_ok=True)
        chosen.symlink_to(choice)
    assert facts(host).door_without == "three two"


def test_a_wrong_clock_is_measured(host: RelocatedHost) -> None:
    host.answer(http_date(timedelta(minutes=7)), *NOTHING_WRONG)
    assert facts(host).clock_offset_seconds in (420, 421, 422)


def test_a_stopped_docker_is_not_started_by_asking_it(host: RelocatedHost) -> None:
    host.answer(
        Answer("^systemctl is-active --quiet docker", code=3),
        replace(UNITS, says="active\nactive\ninactive\n", code=3),
        *NOTHING_WRONG,
    )
    seen = facts(host)
    assert (seen.docker, seen.registry) == ("inactive", None)
    assert not [call for call in host.calls() if call.startswith("docker")]


def test_a_missing_container_is_absent(host: RelocatedHost) -> None:
    host.answer(Answer("^docker inspect", complains="Error: No such container: registry\n", code=1), *NOTHING_WRONG)
    assert facts(host).registry == "absent"


def test_the_first_error_of_nginx_is_printed(host: RelocatedHost) -> None:
    said = 'nginx: [warn] conflicting name\nnginx: [emerg] unknown directive "lisen" in /etc/nginx/nginx.conf:91\n'
    host.answer(Answer("^nginx", complains=said, code=1), *NOTHING_WRONG)
    assert facts(host).nginx_config == '[emerg] unknown directive "lisen" in /etc/nginx/nginx.conf:91'


@pytest.mark.parametrize(
    ("certificate", "expected"),
    [({"age": timedelta(days=91)}, "expired"), ({"name": "other.example.com"}, "wrong-name")],
)
def test_an_unusable_certificate_is_named(host: RelocatedHost, certificate: dict[str, Any], expected: str) -> None:
    host.have_certificate(**certificate)
    assert facts(host).certificate == expected


def test_a_missing_certificate_and_missing_users_are_named(host: RelocatedHost) -> None:
    (host.root / "etc/letsencrypt/live/registry/cert.pem").unlink()
    (host.root / "etc/registry/users/pull").write_text("")
    host.write("var/lib/registry/certificate-failure", "reason=port-80\ndetail=x\nretry_after=\n")
    seen = facts(host)
    assert (seen.certificate, seen.users_file, seen.acme) == ("absent", "missing", "port-80")


@pytest.mark.parametrize(("code", "expected"), [(0, "elsewhere"), (28, "free")])
def test_an_address_that_does_not_answer_is_free(host: RelocatedHost, code: int, expected: str) -> None:
    answers = (Answer("^aws-api metadata public-ipv4", "198.51.100.7"), Answer(f"^curl .*{ADDRESS}", code=code))
    host.answer(*answers, *NOTHING_WRONG)
    assert facts(host).address == expected


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        (
            '{"level":"error","msg":"earlier","time":"t"}\n'
            '{"auth.user.name":"anna","err.message":"unknown error","http.request.uri":"/v2/a?x=y",'
            '"level":"error","msg":"response completed with error"}\n'
            '{"level":"warning","msg":"later, and no error"}\n',
            "response completed with error: unknown error",
        ),
        ("panic: no such driver\n\ngoroutine 1 [running]:\n", "panic: no such driver"),
        (
            'time="t" level=fatal msg="GET https://b.s3.amazonaws.com/k?X-Amz-Credential=ASIA1234567890 failed"\n',
            'time="t" level=fatal msg="GET https://b.s3.amazonaws.com/k failed"',
        ),
        (
            '{"level":"error","msg":"denied: Authorization: Basic YWRtaW46c2VjcmV0 for ASIAABCDEFGHIJKLMNOP"}\n',
            "denied: Authorization: ... for ...",
        ),
        ("nothing wrong here\n", None),
    ],
)  # fmt: skip
def test_the_last_error_of_the_registry_is_printed_without_secrets(
    host: RelocatedHost, log: str, expected: str | None
) -> None:
    host.answer(Answer("^docker logs", log), *NOTHING_WRONG)
    assert facts(host).registry_log == expected


def test_a_reboot_is_due_since_it_was_first_noted(host: RelocatedHost) -> None:
    noted = host.write("run/registry/reboot-due-since", "")
    moment = time.time() - timedelta(days=8, hours=1).total_seconds()
    os.utime(noted, (moment, moment))
    assert facts(host).reboot_due_days == 8


def test_users_last_read_over_15_minutes_ago_are_old(host: RelocatedHost) -> None:
    synced = host.root / "var/lib/registry/users-synced"
    for minutes, word in ((14, "ok"), (16, "old")):
        moment = time.time() - minutes * 60
        os.utime(synced, (moment, moment))
        assert facts(host).users_file == word
    synced.unlink()
    assert facts(host).users_file == "old"


@pytest.mark.parametrize(
    ("code", "says", "expected"),
    [
        (0, "503", "503"),
        (28, "000", "timeout"),
        (7, "000", "refused"),
        (35, "000", "refused"),
        (52, "000", "refused"),
        (56, "000", "refused"),
        (127, "", None),
    ],
)
def test_a_part_that_gives_no_answer_is_late_or_refuses(
    host: RelocatedHost, code: int, says: str, expected: str | None
) -> None:
    host.answer(*(replace(each, says=says, code=code) for each in (LOGIN, DOOR, ANSWERS)), *NOTHING_WRONG)
    seen = facts(host)
    assert (seen.door, seen.login, seen.engine) == (expected,) * 3


def test_a_host_without_the_user_of_the_proof_does_not_know_its_login(host: RelocatedHost) -> None:
    (host.root / "etc/registry/proof/curl").unlink()
    assert facts(host).login is None


@pytest.mark.parametrize(("code", "expected"), [(0, "ok"), (2, "broken"), (124, "broken"), (1, None)])
def test_a_resolver_without_an_address_for_s3_is_broken(host: RelocatedHost, code: int, expected: str | None) -> None:
    host.answer(Answer("^getent ahostsv4 s3", code=code), *NOTHING_WRONG)
    assert facts(host).resolver == expected
    asked = any(call.startswith("aws-api s3") for call in host.calls())
    assert asked is (expected != "broken")


def logged(
    request: str, *, user: str = "anna", status: int = 200, seconds: float = 0.02, ago: timedelta = timedelta()
) -> str:
    """A line of the front door's log."""
    moment = (datetime.now().astimezone() - ago).isoformat(timespec="seconds")
    return f'203.0.113.9 {user} [{moment}] "{request}" {status} 512 {seconds:.3f} "docker/29.0 go/go1.25"\n'


def pull_of(path: str, **changed: Any) -> str:
    return logged(f"HEAD /v2/{path} HTTP/1.1", **changed)


TAGGED = "team/app/manifests/1.0"


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        (pull_of("old/manifests/a") + pull_of(TAGGED), "team/app:1.0"),
        (pull_of(TAGGED) + logged("GET /v2/ HTTP/2.0"), "team/app:1.0"),
        (logged(f"GET /v2/{TAGGED}?ns=docker.io HTTP/2.0"), "team/app:1.0"),
        (pull_of(TAGGED) + pull_of("a/manifests/sha256:" + "ab" * 32), "team/app:1.0"),
        (pull_of(TAGGED) + pull_of("a/manifests/b", status=404), "team/app:1.0"),
        (pull_of(TAGGED) + pull_of("health/manifests/none", user="health"), "team/app:1.0"),
        (pull_of(TAGGED) + pull_of("proof-i-1/manifests/proof", user="+host"), "team/app:1.0"),
        (pull_of(TAGGED) + logged("PUT /v2/a/manifests/b HTTP/1.1"), "team/app:1.0"),
        (pull_of(TAGGED) + logged("GET /v2/a/manifests/b c HTTP/1.1"), "team/app:1.0"),
        (pull_of("a/../b/manifests/c"), None),
        (pull_of("a/manifests/" + "t" * 129), None),
        ("x" * 5_000_000 + "\n", None),
        ("", None),
    ],
)
def test_the_last_manifest_that_a_client_was_served_by_tag_is_told(
    host: RelocatedHost, log: str, expected: str | None
) -> None:
    host.write("var/log/nginx/access.log", log)
    assert facts(host).pulled == expected


def test_slow_lists_of_the_last_hour_are_counted(host: RelocatedHost) -> None:
    lists = (
        ("_catalog?n=1000", {"seconds": 41.4}),
        ("team/app/tags/list", {"seconds": 12, "status": 499}),
        ("_catalog", {"seconds": 9.9}),
        ("_catalog", {"seconds": 50, "ago": timedelta(minutes=61)}),
        ("_catalog?n=1&last=~", {"seconds": 50, "user": "health"}),
        ("team/app/blobs/uploads/x", {"seconds": 500}),
    )
    text = "".join(logged(f"GET /v2/{path} HTTP/1.1", **changed) for path, changed in lists)
    host.write("var/log/nginx/access.log", text)
    seen = facts(host)
    assert (seen.slow_listings, seen.longest_listing_seconds) == (2, 41)


def test_without_a_log_nothing_is_known_of_clients(host: RelocatedHost) -> None:
    seen = facts(host)
    assert (seen.pulled, seen.slow_listings) == (None, None)


def test_a_log_of_any_size_takes_as_long(host: RelocatedHost) -> None:
    line = logged("GET /v2/team/app/blobs/sha256:ab HTTP/1.1")
    with (host.write("var/log/nginx/access.log", "")).open("w") as log:
        for _ in range(400):
            log.write(line * 1000)
        log.write(pull_of(TAGGED))
    began = time.monotonic()
    assert facts(host).pulled == "team/app:1.0"
    assert time.monotonic() - began < 5
