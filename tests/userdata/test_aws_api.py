"""`aws-api`: its requests, with curl as Debian 12 has it."""

import pytest

from tests.support.relocated_host import Answer, RelocatedHost
from tests.userdata.conftest import Relocate

ROLE = '{"AccessKeyId": "ASIA", "SecretAccessKey": "secret", "Token": "token"}'
# SHA-256 of no bytes
OF_NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.fixture
def host(relocate: Relocate) -> RelocatedHost:
    host = relocate()
    host.answer(
        Answer("^curl .*security-credentials/host$", ROLE),
        Answer("^curl .*security-credentials/$", "host"),
        Answer("^curl .*aws-sigv4", "200"),
        Answer("^curl .*api/token$", "token"),
    )
    host.stand_in("mv", "exit 0")
    return host


@pytest.mark.parametrize("request_", [("get", "bucket", "key", "file"), ("delete", "bucket", "key")])
def test_a_request_to_s3_without_a_body_names_the_digest_of_nothing(
    host: RelocatedHost, request_: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{host.tools}:/usr/bin:/bin")
    done = host.run("tools/aws-api", "s3", *request_)
    assert done.returncode == 0, done.stderr
    (sent,) = [call for call in host.calls() if "aws-sigv4" in call]
    assert f"--header x-amz-content-sha256: {OF_NOTHING} " in sent
