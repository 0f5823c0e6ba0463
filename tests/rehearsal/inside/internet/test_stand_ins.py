"""The stand-ins under the real names, as a client on this internet meets them. Needs root."""

import json
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import dns.resolver
import pytest
from botocore.exceptions import ClientError

from rehearsal.contract.world_network import S3_ADDRESS, WORLD_ADDRESS
from rehearsal.inside.internet.programs import StandInError
from tests.support.internet_world import (
    IMAGE,
    NAME_SERVER,
    OTHER_REGION,
    ZONE,
    InternetWorld,
    prepare,
    running_internet,
)

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="NOT TESTED: stand-ins need root; run `sudo make test`")
AUTHORITIES = ("acme-v02.api.letsencrypt.org", "acme-staging-v02.api.letsencrypt.org")
DIRECTORIES = [f"https://{name}/directory" for name in AUTHORITIES]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InternetWorld]:
    prepared = prepare(tmp_path_factory.mktemp("internet") / "run")
    with running_internet(prepared) as running:
        yield running


REGISTRIES = ("public.ecr.aws", "registry-1.docker.io", "ghcr.io")


@pytest.mark.parametrize("name", ["amazonaws.com", "ssm.us-east-1.amazonaws.com", *REGISTRIES, *AUTHORITIES])
@pytest.mark.usefixtures("world")
def test_a_real_name_leads_to_its_stand_in(name: str) -> None:
    assert socket.gethostbyname(name) == WORLD_ADDRESS


@pytest.mark.usefixtures("world")
def test_s3_has_an_address_of_its_own() -> None:
    for name in ("s3.amazonaws.com", "some-bucket.s3.us-east-1.amazonaws.com"):
        assert socket.gethostbyname(name) == S3_ADDRESS


def test_route_53_records_are_answered_at_once_and_forgotten_at_once(world: InternetWorld) -> None:
    world.internet.set_records({"registry.example.com": ("10.77.0.100", "2001:db8::80")})
    assert within_a_second("registry.example.com", "10.77.0.100")
    world.internet.set_records({"registry.example.com": ("10.77.0.101",)})
    assert within_a_second("registry.example.com", "10.77.0.101")
    world.internet.set_records({})
    assert within_a_second("registry.example.com", None)


def within_a_second(name: str, expected: str | None) -> bool:
    deadline = time.monotonic() + 1
    while time.monotonic() < deadline:
        try:
            found: str | None = socket.gethostbyname(name)
        except socket.gaierror:
            found = None
        if found == expected:
            return True
        time.sleep(0.01)
    return False


@pytest.mark.parametrize("directory", DIRECTORIES)
def test_the_acme_directory_names_only_itself(world: InternetWorld, directory: str) -> None:
    found = json.loads(world.run("curl", "-sS", "--fail", directory))
    base = directory.removesuffix("/directory")
    for operation in ("newNonce", "newAccount", "newOrder", "renewalInfo"):
        assert found[operation].startswith(f"{base}/")
        world.run("curl", "-sS", "--head", found[operation])


def test_clients_trust_the_authority_that_issues_certificates(world: InternetWorld) -> None:
    assert world.issuer.startswith("-----BEGIN CERTIFICATE-----")
    assert world.issuer in world.authorities.read_text()


def test_a_client_refuses_certificates_of_an_unknown_authority(world: InternetWorld) -> None:
    with pytest.raises(StandInError, match="certificate"):
        world.run("curl", "-sS", "--cacert", "/dev/null", DIRECTORIES[0])


def test_the_pinned_image_is_served_under_its_real_name(world: InternetWorld) -> None:
    config = json.loads(world.run("skopeo", "inspect", "--config", f"docker://{IMAGE}"))
    assert config["os"] == "linux"
    assert config["config"]["Entrypoint"][-1] == "serve"
    assert config["config"]["Cmd"] == ["/etc/distribution/config.yml"]


def test_an_image_that_does_not_exist_is_unknown(world: InternetWorld) -> None:
    with pytest.raises(StandInError, match="manifest unknown"):
        world.run("skopeo", "inspect", f"docker://{IMAGE}-does-not-exist")


def test_ecr_public_wants_the_token_that_it_gives_to_everybody(world: InternetWorld) -> None:
    repository, version = IMAGE.removeprefix("public.ecr.aws/").split(":")
    manifest = f"https://public.ecr.aws/v2/{repository}/manifests/{version}"
    accept = "Accept: application/vnd.oci.image.manifest.v1+json"
    ask = ("curl", "-sS", "--header", accept, "-o", "/dev/null", "-w", "%{http_code} %header{www-authenticate}")
    assert world.run(*ask, manifest).startswith('401 Bearer realm="https://public.ecr.aws/token/"')
    token = json.loads(world.run("curl", "-sS", "https://public.ecr.aws/token/"))["token"]
    assert world.run(*ask, "--header", f"Authorization: Bearer {token}", manifest).startswith("200")


@pytest.mark.usefixtures("world")
def test_the_zone_is_delegated_to_its_name_servers() -> None:
    assert [str(record) for record in dns.resolver.Resolver().resolve(f"{ZONE}.", "NS")] == [f"{NAME_SERVER}."]


def test_the_whole_accounts_s3_answers_below_the_accounts_number(world: InternetWorld) -> None:
    host = "123456789012.s3-control.us-east-1.amazonaws.com"
    answer = world.run("curl", "-sS", f"https://{host}/v20180820/configuration/publicAccessBlock")
    # The emulated AWS refuses what is not signed; the server of the objects has no such words.
    assert "<Code>AccessDenied</Code>" in answer
    assert "<RequestId>rehearsal</RequestId>" in answer


def test_aws_answers_at_its_real_names_and_at_the_endpoint_for_people(world: InternetWorld) -> None:
    caller = world.client("sts").get_caller_identity()
    assert caller["Arn"].endswith(":user/administrator")
    status = world.run("curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "https://ssm.us-east-1.amazonaws.com/")
    assert 400 <= int(status) < 500


def test_objects_are_kept_under_the_real_names(world: InternetWorld) -> None:
    s3 = world.s3(endpoint_url=None, style="virtual")
    s3.create_bucket(Bucket="images")
    s3.put_object(Bucket="images", Key="a", Body=b"hello")
    assert s3.get_object(Bucket="images", Key="a")["Body"].read() == b"hello"
    assert world.cloud.engines.buckets.read_object("images", "a") == b"hello"


def test_a_bucket_is_in_its_region_alone(world: InternetWorld) -> None:
    there = world.s3(endpoint_url=None, style="virtual", region=OTHER_REGION)
    there.create_bucket(Bucket="elsewhere", CreateBucketConfiguration={"LocationConstraint": OTHER_REGION})
    there.put_object(Bucket="elsewhere", Key="a", Body=b"hello")
    assert world.cloud.engines.buckets.read_object("elsewhere", "a") == b"hello"
    link = there.generate_presigned_url("get_object", Params={"Bucket": "elsewhere", "Key": "a"})
    assert world.run("curl", "-sS", "--fail", link) == "hello"
    with pytest.raises(ClientError, match="NoSuchBucket"):
        world.s3(endpoint_url=None, style="virtual").get_object(Bucket="elsewhere", Key="a")


def test_s3_refuses_a_signed_link_with_another_login(world: InternetWorld) -> None:
    s3 = world.s3(endpoint_url=None, style="virtual")
    s3.create_bucket(Bucket="linked")
    s3.put_object(Bucket="linked", Key="a", Body=b"hello")
    link = s3.generate_presigned_url("get_object", Params={"Bucket": "linked", "Key": "a"})
    assert world.run("curl", "-sS", "--fail", link) == "hello"
    told = ("--write-out", " %{http_code}", "--header", "Authorization: Basic dXNlcjpwYXNzd29yZA==")
    refused = world.run("curl", "-sS", *told, link)
    assert refused.endswith(" 400")
    assert "<Code>InvalidArgument</Code><Message>Only one auth mechanism allowed; " in refused


def test_every_stand_in_keeps_a_log(world: InternetWorld) -> None:
    logs = {path.name for path in Path(world.internet.folder).glob("*.log")}
    assert {"dnsmasq.log", "nginx-access.log", "images.log", "pebble.log"} <= logs
