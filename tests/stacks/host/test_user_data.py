"""The host's user data."""

import json
import re
from pathlib import Path
from typing import Any

from tests.support.assembly import PROJECT, Assembly, Synthesise, Template, readable

USER_DATA_LIMIT_BYTES = 16 * 1024
# The longest bucket name; CloudFormation fills in nothing longer.
LONGEST_NAME_BYTES = 63


def user_data(template: Template) -> Any:
    return template.properties("AWS::EC2::LaunchTemplate")["LaunchTemplateData"]["UserData"]


def cloud_config(template: Template) -> dict[str, Any]:
    first_line, _, document = readable(user_data(template)).partition("\n")
    assert first_line == "#cloud-config"
    config: dict[str, Any] = json.loads(document)
    return config


def host_env(template: Template) -> dict[str, str]:
    content = cloud_config(template)["write_files"][0]["content"]
    return dict(line.split("=", 1) for line in content.splitlines())


def test_the_user_data_writes_three_files_and_runs_one(assembly: Assembly) -> None:
    config = cloud_config(assembly.host)
    assert [(file["path"], file["permissions"]) for file in config["write_files"]] == [
        ("/etc/registry/host.env", "0644"),
        ("/opt/registry/bootstrap", "0755"),
        ("/opt/registry/tools/aws-api", "0755"),
    ]
    assert config["write_files"][1]["content"] == (PROJECT / "userdata" / "bootstrap").read_text()
    assert config["write_files"][2]["content"] == (PROJECT / "userdata" / "tools" / "aws-api").read_text()
    assert config["runcmd"] == [["/opt/registry/bootstrap"]]
    assert set(config) == {"write_files", "runcmd"}


def test_the_host_env_holds_the_settings_and_no_secret(assembly: Assembly) -> None:
    seen = host_env(assembly.host)
    asset_key = seen.pop("ASSET_KEY")
    # The only folder of the bucket from which a host may read, and no older host's key (test_role.py).
    assert re.fullmatch(r"registry-host/[0-9a-f]{64}\.zip", asset_key)
    assert seen == {
        "DOMAIN_NAME": "registry.example.com",
        "AWS_REGION": "<AWS::Region>",
        "STACK_NAME": "registry-host",
        "GROUP_LOGICAL_ID": "Hosts",
        "IMAGE_BUCKET": "<registry-storage:ExportsOutputRefImages2D38C3131DF9B1C4>",
        "IMAGE_FOLDER": "",
        "STATE_BUCKET": "<registry-storage:ExportsOutputRefState1C20CC9AB4E57B9B>",
        "HOST_LOG_GROUP": "<registry-storage:ExportsOutputRefHostLogGroup7B408FE5B0152AF9>",
        "ADDRESS": "<registry-dns:ExportsOutputRefAddress7D68BFAA>",
        "ADDRESS_ALLOCATION_ID": "<registry-dns:ExportsOutputFnGetAttAddressAllocationId6F69984F>",
        "PARAMETER_PATH": "/registry/registry.example.com",
        "ACME_DIRECTORY": "https://acme-v02.api.letsencrypt.org/directory",
        "ACME_EMAIL": "you@example.com",
        "DNS_MANAGED": "false",
        "REGISTRY_IMAGE": "public.ecr.aws/docker/library/registry:3.1.2",
        "REDIRECT": "true",
        "BROWSER_ORIGINS": "",
        "RUNBOOK_URL": "",
        "MAINTENANCE_WINDOW": "Sun 03:00",
        "ASSET_BUCKET": "cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}",
    }


def test_the_host_env_tells_that_route_53_keeps_the_dns(synthesise: Synthesise) -> None:
    assert host_env(synthesise(hosted_zone="example.com").host)["DNS_MANAGED"] == "true"


def test_changed_settings_reach_the_host_env(synthesise: Synthesise) -> None:
    changed = synthesise(
        acme_directory="staging",
        acme_email="tls@example.com",
        registry_image="registry:3",
        redirect=False,
        browser_origins="https://ui.example.com, http://localhost:8080",
        image_bucket="team-images/registry",
    )
    seen = host_env(changed.host)
    assert seen["ACME_DIRECTORY"] == "https://acme-staging-v02.api.letsencrypt.org/directory"
    assert seen["ACME_EMAIL"] == "tls@example.com"
    assert seen["REGISTRY_IMAGE"] == "registry:3"
    assert seen["REDIRECT"] == "false"
    assert (seen["IMAGE_BUCKET"], seen["IMAGE_FOLDER"]) == ("team-images", "registry/")
    assert seen["BROWSER_ORIGINS"] == "https://ui.example.com,http://localhost:8080"


def test_the_user_data_fits_with_the_longest_names(synthesise: Synthesise) -> None:
    longest_name = ".".join(["a" * 63, "b" * 63, "c" * 63, "example.com"])
    parts = user_data(synthesise(domain_name=longest_name).host)["Fn::Base64"]["Fn::Join"][1]
    size = sum(len(part.encode()) if isinstance(part, str) else LONGEST_NAME_BYTES for part in parts)
    assert size <= USER_DATA_LIMIT_BYTES


def test_the_host_signals_its_own_group(assembly: Assembly) -> None:
    (name,) = assembly.host.of_type("AWS::AutoScaling::AutoScalingGroup")
    assert name == host_env(assembly.host)["GROUP_LOGICAL_ID"]


def test_a_changed_script_rolls_the_host(synthesise: Synthesise, assembly: Assembly, changed_userdata: Path) -> None:
    changed = synthesise(userdata=changed_userdata).host
    assert host_env(changed)["ASSET_KEY"] != host_env(assembly.host)["ASSET_KEY"]
