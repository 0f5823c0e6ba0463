"""From certbot's text (5.8, its own templates) to a reason that an alert can name."""

import subprocess
from collections.abc import Mapping

import pytest

from lambdas.judge.renewal import _REASONS
from tests.support.relocated_host import ADDRESS, DOMAIN, Answer, read
from tests.userdata.conftest import Relocate

CHALLENGE = """Saving debug log to /var/log/letsencrypt/letsencrypt.log
Renewing an existing certificate for {domain}

Certbot failed to authenticate some domains (authenticator: webroot). The Certificate Authority reported these problems:
  Identifier: {domain}
  Type:   {type}
  Detail: {detail}

Hint: The Certificate Authority failed to download the temporary challenge files created by Certbot. Ensure that the \
listed domains serve their content from the provided --webroot-path/-w and that files created there can be downloaded \
from the internet.

Failed to renew certificate registry with error: Some challenges have failed.

- - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - -
All renewals failed. The following certificates could not be renewed:
  /etc/letsencrypt/live/registry/fullchain.pem (failure)
- - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - -
1 renew failure(s), 0 parse failure(s)
Ask for help or search for solutions at https://community.letsencrypt.org.
"""
FAILED = """Saving debug log to /var/log/letsencrypt/letsencrypt.log
Renewing an existing certificate for registry.example.com
Failed to renew certificate registry with error: {error}
1 renew failure(s), 0 parse failure(s)
"""
FIRST = """Saving debug log to /var/log/letsencrypt/letsencrypt.log
Requesting a certificate for registry.example.com
An unexpected error occurred:
{error}
Ask for help or search for solutions at https://community.letsencrypt.org. See the logfile \
/var/log/letsencrypt/letsencrypt.log or re-run Certbot with -v for more details.
"""
CHALLENGED = f"http://{DOMAIN}/.well-known/acme-challenge/x"
FETCHING = f"Fetching {CHALLENGED}"
INTERNAL = "urn:ietf:params:acme:error:serverInternal :: The server experienced an internal error"
NONCE = "urn:ietf:params:acme:error:badNonce :: The client sent an unacceptable anti-replay nonce :: x"
RUNNING = "Another instance of Certbot is already running."
POOL = "HTTPSConnectionPool(host='acme-v02.api.letsencrypt.org', port=443)"
UNREACHED = f"{POOL}: Max retries exceeded with url: /directory (Caused by NewConnectionError('<urllib3.connection.HTTPSConnection object at 0x7f12>: Failed to establish a new connection: [Errno 111] Connection refused'))"  # noqa: E501
LIMITED = (
    "too many certificates (5) already issued for this exact set of identifiers in the last 168h0m0s, retry after "
    "2026-01-02 03:04:05 UTC: see https://letsencrypt.org/docs/rate-limits/#new-certificates-per-exact-set-of-identifiers"
)
TOO_MANY_AT_FIRST = f"There were too many requests of a given type :: {LIMITED}"
TOO_MANY = f"urn:ietf:params:acme:error:rateLimited :: {TOO_MANY_AT_FIRST}"
TIMED_OUT = f"requests.exceptions.ReadTimeout: {POOL}: Read timed out. (read timeout=45)"
ABORTED = "('Connection aborted.', RemoteDisconnected('Remote end closed connection'))"
HOOK_FAILED = "Hook 'deploy-hook' reported error code 1\nHook 'deploy-hook' ran with error output:\n nginx refuses\n"


CAA = "While processing CAA for registry.example.com: CAA record for registry.example.com prevents issuance"
CAA_FORBIDS_AT_FIRST = (
    f"Certification Authority Authorization (CAA) records forbid the CA from issuing a certificate :: {CAA}"
)
CAA_FORBIDS = f"urn:ietf:params:acme:error:caa :: {CAA_FORBIDS_AT_FIRST}"


def explain(relocate: Relocate, said: str, *, leads_to: str = ADDRESS, ipv6: str = "") -> Mapping[str, str]:
    host = relocate()
    host.answer(
        Answer("^getent ahostsv4", f"{leads_to}   STREAM {DOMAIN}\n"),
        Answer("^getent --no-addrconfig ahostsv6", f"{ipv6 or f'::ffff:{leads_to}'}   STREAM {DOMAIN}\n"),
    )
    libraries = [str(host.home / "lib" / name) for name in ("settings.bash", "certificate-failure.bash")]
    argv = ["bash", "-euo", "pipefail", "-c", '. "$1"; . "$2"; explain_certbot "$3"', "bash", *libraries, said]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    found = read(done.stdout)
    assert list(found) == ["reason", "detail", "retry_after"]
    assert (host.root / "var/lib/registry/certificate-failure").read_text() == done.stdout
    return found


@pytest.mark.parametrize(
    ("kind", "detail", "reason"),
    [
        ("connection", f"{ADDRESS}: {FETCHING}: Timeout during connect (likely firewall problem)", "port-80"),
        ("connection", f"{ADDRESS}: {FETCHING}: Connection refused", "port-80"),
        ("connection", f"During secondary validation: {ADDRESS}: {FETCHING}: Connection reset by peer", "port-80"),
        ("connection", f"198.51.100.9: {FETCHING}: Timeout during connect (likely firewall problem)", "dns"),
        ("connection", f"2001:db8::1: {FETCHING}: Timeout during connect (likely firewall problem)", "dns"),
        ("connection", 'Get "http://x/": dial tcp 10.77.0.100:80: connect: connection refused', "port-80"),
        ("unauthorized", f"198.51.100.9: Invalid response from {CHALLENGED}: 404", "dns"),
        ("unauthorized", f"{ADDRESS}: Invalid response from {CHALLENGED}: 404", "port-80"),
        ("unauthorized", "Non-200 status code from HTTP: http://x/ returned 404", "port-80"),
        ("dns", f"no valid A records found for {DOMAIN}; no valid AAAA records found for {DOMAIN}", "dns"),
        ("dns", f"DNS problem: NXDOMAIN looking up A for {DOMAIN}", "dns"),
        ("caa", f"CAA record for {DOMAIN} prevents issuance", "caa"),
        ("serverInternal", "Error retrieving account", "ca-down"),
    ],
)  # fmt: skip
def test_a_failed_challenge_names_its_cause(relocate: Relocate, kind: str, detail: str, reason: str) -> None:
    said = CHALLENGE.format(domain=DOMAIN, type=kind, detail=detail)
    assert explain(relocate, said) == {"reason": reason, "detail": detail, "retry_after": ""}


def test_a_name_that_leads_elsewhere_is_a_dns_failure(relocate: Relocate) -> None:
    said = CHALLENGE.format(domain=DOMAIN, type="connection", detail="context deadline exceeded")
    assert explain(relocate, said, leads_to="198.51.100.9")["reason"] == "dns"


def test_an_aaaa_record_is_a_dns_failure(relocate: Relocate) -> None:
    detail = 'Get "http://x/": dial tcp [2001:db8::1]:80: connect: network is unreachable'
    said = CHALLENGE.format(domain=DOMAIN, type="connection", detail=detail)
    assert explain(relocate, said, ipv6="2001:db8::1")["reason"] == "dns"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (FAILED.format(error=TOO_MANY), ("rate-limited", TOO_MANY[:300], "2026-01-02T03:04:05Z")),
        (FIRST.format(error=TOO_MANY_AT_FIRST), ("rate-limited", TOO_MANY_AT_FIRST[:300], "2026-01-02T03:04:05Z")),
        (FAILED.format(error=UNREACHED), ("ca-down", UNREACHED[:300], "")),
        (FIRST.format(error=TIMED_OUT), ("ca-down", TIMED_OUT, "")),
        *((FAILED.format(error=why), ("ca-down", why, "")) for why in ("<Response [503]>", ABORTED, INTERNAL, NONCE)),
        (FAILED.format(error=CAA_FORBIDS), ("caa", CAA_FORBIDS, "")),
        (FIRST.format(error=CAA_FORBIDS_AT_FIRST), ("caa", CAA_FORBIDS_AT_FIRST, "")),
        (HOOK_FAILED, ("hook-failed", "nginx refuses", "")),
        (f"{RUNNING}\n", ("other", RUNNING, "")),
        (FAILED.format(error="[Errno 28] No space left"), ("other", "[Errno 28] No space left", "")),
        ("", ("other", "", "")),
    ],
)  # fmt: skip
def test_certbots_words_name_other_reasons(relocate: Relocate, said: str, expected: tuple[str, str, str]) -> None:
    assert tuple(explain(relocate, said).values()) == expected


def test_every_reason_of_an_alert_is_one_of_the_host(relocate: Relocate) -> None:
    text = (relocate().home / "lib/certificate-failure.bash").read_text()
    assert all(f"echo {reason}" in text for reason in _REASONS)
