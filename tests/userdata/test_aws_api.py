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


# As S3 answers: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html
VERSIONS = (
    '<?xml version="1.0"?><ListVersionsResult><Name>state</Name><Prefix>usage/a</Prefix>'
    "<DeleteMarker><Key>usage/a</Key><VersionId>marker</VersionId><IsLatest>true</IsLatest></DeleteMarker>"
    "<Version><Key>usage/a</Key><VersionId>second</VersionId><IsLatest>false</IsLatest><Size>7</Size></Version>"
    "<Version><Key>usage/a</Key><VersionId>first</VersionId><IsLatest>false</IsLatest><Size>7</Size></Version>"
    "<Version><Key>usage/another</Key><VersionId>other</VersionId><IsLatest>true</IsLatest><Size>7</Size></Version>"
    "</ListVersionsResult>"
)
S3 = """
case "$*" in
  *api/token*) echo token ;;
  *security-credentials/host*) echo '{"AccessKeyId": "ASIA", "SecretAccessKey": "secret", "Token": "token"}' ;;
  *security-credentials/*) echo host ;;
  *)
    echo "$*" >> "$CALLS"
    while [ "$1" != --output ]; do shift; done
    cat "$ANSWER" > "$2"
    printf '200 "abc"'
    ;;
esac
"""


@pytest.fixture
def s3(host: RelocatedHost, monkeypatch: pytest.MonkeyPatch) -> RelocatedHost:
    """A host whose S3 answers with the content of the file `answer`."""
    host.stand_in("curl", S3)
    (host.tools / "mv").unlink()
    monkeypatch.setenv("CALLS", str(host.tools / "calls"))
    monkeypatch.setenv("ANSWER", str(host.write("answer", VERSIONS)))
    monkeypatch.setenv("PATH", f"{host.tools}:/usr/bin:/bin")
    return host


def test_the_versions_of_an_object_are_listed_without_its_deletions(s3: RelocatedHost) -> None:
    assert s3.run("tools/aws-api", "s3", "versions", "state", "usage/a").stdout.split() == ["second", "first"]
    assert s3.calls()[-1].endswith("https://state.s3.eu-central-1.amazonaws.com/?prefix=usage%2Fa&versions=")


def test_an_object_without_versions_has_none(s3: RelocatedHost) -> None:
    s3.write("answer", "<ListVersionsResult></ListVersionsResult>")
    done = s3.run("tools/aws-api", "s3", "versions", "state", "usage/a")
    assert (done.returncode, done.stdout) == (0, "")


def test_a_read_prints_the_etag_and_may_ask_for_a_version(s3: RelocatedHost) -> None:
    file = s3.root / "file"
    assert s3.run("tools/aws-api", "s3", "read", "state", "usage/a", str(file)).stdout == '"abc"\n'
    assert file.read_text() == VERSIONS
    s3.run("tools/aws-api", "s3", "read", "state", "usage/a", str(file), "first")
    assert [call.rpartition("/usage/a")[2] for call in s3.calls()] == ["", "?versionId=first"]


def test_a_write_may_have_a_condition(s3: RelocatedHost) -> None:
    file = s3.write("file", "content")
    assert s3.run("tools/aws-api", "s3", "put", "state", "usage/a", str(file), 'If-Match: "abc"').returncode == 0
    assert s3.run("tools/aws-api", "s3", "put", "state", "usage/a", str(file)).returncode == 0
    first, second = s3.calls()
    assert '--header If-Match: "abc" https' in first
    assert "If-" not in second
