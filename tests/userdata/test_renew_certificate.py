"""`renew-certificate`: when it asks for a new certificate, and its output if there is none."""

from datetime import timedelta

import pytest

from lambdas.judge.renewal import read_renewal
from lambdas.see.run_command import Delivery, Output, Reply
from tests.support.relocated_host import Answer, RelocatedHost
from tests.userdata.conftest import Relocate
from tests.userdata.test_certificate_failure import CHALLENGE

LIVE = "etc/letsencrypt/live/registry"
RENEW = "certbot renew --cert-name registry --no-random-sleep-on-renew --non-interactive"


@pytest.fixture
def host(relocate: Relocate) -> RelocatedHost:
    steps = ("restore-certificate", "use-certificate", "save-certificate", "issue-certificate")
    host = relocate("tools/certbot", *(f"steps/{name}" for name in steps))
    host.have_certificate()
    host.front_door.show(host.root / LIVE)
    return host


@pytest.mark.parametrize(
    ("age", "lifetime", "asked"),
    [
        (timedelta(days=29, hours=1), timedelta(days=90), RENEW),
        (timedelta(days=31, hours=1), timedelta(days=90), f"{RENEW} --force-renewal"),
        (timedelta(days=16, hours=1), timedelta(days=45), f"{RENEW} --force-renewal"),
        (timedelta(hours=41), timedelta(hours=160), RENEW),
        (timedelta(hours=54), timedelta(hours=160), f"{RENEW} --force-renewal"),
    ],
)
def test_a_third_of_life_forces_a_renewal(host: RelocatedHost, age: timedelta, lifetime: timedelta, asked: str) -> None:
    fingerprint = host.have_certificate(age=age, lifetime=lifetime)
    host.front_door.show(host.root / LIVE)
    said = host.lines("bin/renew-certificate")
    assert [call for call in host.calls() if call.startswith("certbot")] == [asked]
    assert said["renewed"] == "no"
    assert said["fingerprint"] == fingerprint
    assert said["lifetime_days"] == str(round(lifetime.total_seconds() / 86400 + 0.49))
    assert int(said["days_left"]) == (lifetime - age).days
    assert set(said) == {"renewed", "serial", "fingerprint", "not_after", "days_left", "lifetime_days"}


def test_a_renewal_is_reported_and_clears_the_last_failure(host: RelocatedHost) -> None:
    fingerprint = host.have_certificate(folder="new")
    host.write("var/lib/registry/certificate-failure", "reason=dns\n")
    host.answer(Answer("^certbot", copies=(str(host.root / "new"), str(host.root / "etc/letsencrypt"))))
    said = host.lines("bin/renew-certificate")
    assert (said["renewed"], said["fingerprint"]) == ("yes", fingerprint)
    assert not (host.root / "var/lib/registry/certificate-failure").exists()


def test_a_certificate_renewed_by_another_host_is_taken(host: RelocatedHost) -> None:
    host.have_certificate(age=timedelta(days=60))
    host.have_certificate(folder="saved")
    saved = str(host.root / "saved")
    host.answer(Answer("^restore", copies=(saved, str(host.root / "etc/letsencrypt"))))
    said = host.lines("bin/renew-certificate")
    assert said["renewed"] == "yes"
    assert [call for call in host.calls() if call.startswith("certbot")] == [RENEW]


def test_an_unreachable_state_bucket_stops_no_renewal(host: RelocatedHost) -> None:
    host.answer(Answer("^restore", complains="no answer\n", code=1))
    done = host.run("bin/renew-certificate")
    assert done.returncode == 0
    assert RENEW in host.calls()


def test_a_certificate_that_is_not_served_is_deployed_again(host: RelocatedHost) -> None:
    host.have_certificate()
    assert host.run("bin/renew-certificate").returncode == 0
    assert "use-certificate" in " ".join(host.calls())


def test_a_served_certificate_is_not_deployed_again(host: RelocatedHost) -> None:
    assert host.run("bin/renew-certificate").returncode == 0
    assert [call.strip() for call in host.calls()] == ["restore-certificate", RENEW]


def test_an_unsaved_certificate_is_saved(host: RelocatedHost) -> None:
    host.write("var/lib/registry/certificate-unsaved", "")
    host.answer(Answer("^save", complains="aws-api: s3 PutObject: HTTP 403 AccessDenied\n", code=1))
    done = host.run("bin/renew-certificate")
    assert done.returncode == 1
    assert "reason=hook-failed\ndetail=aws-api: s3 PutObject: HTTP 403 AccessDenied\n" in done.stdout


def test_the_lambda_reads_the_reason_of_a_failed_renewal(host: RelocatedHost) -> None:
    detail = "198.51.100.9: Invalid response from http://registry.example.com/x: 404"
    text = CHALLENGE.format(domain="registry.example.com", type="unauthorized", detail=detail)
    host.answer(Answer("^certbot", text, code=1))
    done = host.run("bin/renew-certificate")
    assert done.returncode == 1
    renewal = read_renewal(Reply(Delivery.ANSWERED, (Output("i-1", False, done.stdout, done.stderr),)))
    assert (renewal.succeeded, renewal.reason, renewal.detail) == (False, "dns", detail)
    assert renewal.last_lines[-1] == "1 renew failure(s), 0 parse failure(s)"
    assert "reason=dns" in (host.root / "var/lib/registry/certificate-failure").read_text()


@pytest.mark.parametrize(
    ("said", "reason", "detail"),
    [
        ("reason=ca-down\ndetail=no answer\nretry_after=\n", "ca-down", "no answer"),
        ("", "other", "aws-api: s3 GetObject s3://state/x: HTTP 500"),
    ],
)
def test_a_host_without_a_certificate_asks_for_one(host: RelocatedHost, said: str, reason: str, detail: str) -> None:
    (host.root / LIVE / "cert.pem").unlink()
    host.answer(Answer("^issue", said, f"{detail}\n", code=1))
    done = host.run("bin/renew-certificate")
    assert done.returncode == 1
    assert done.stdout == f"renewed=no\nreason={reason}\ndetail={detail}\nretry_after=\n"
    assert f"{detail}\n" in done.stderr


def test_a_new_certificate_that_the_deploy_hook_refused_is_a_failure(host: RelocatedHost) -> None:
    text = "Hook 'deploy-hook' reported error code 1\nHook 'deploy-hook' ran with error output:\n clients would not\n"
    host.answer(Answer("^certbot", text))
    done = host.run("bin/renew-certificate")
    assert done.returncode == 1
    assert "reason=hook-failed\ndetail=clients would not\n" in done.stdout
