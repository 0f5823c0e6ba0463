"""The cloud-config document of a host: three files, of which cloud-init runs one.

cloud-init reads YAML, and JSON is YAML. https://docs.cloud-init.io/en/latest/reference/modules.html#write-files
"""

from pathlib import Path
from typing import Any

from aws_cdk import Aws, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_s3_assets as assets

from stacks.settings.settings import Settings
from stacks.storage import StorageStack

# The group's id in the template, by which the host signals.
GROUP_LOGICAL_ID = "Hosts"


def user_data(
    stack: Stack,
    *,
    settings: Settings,
    storage: StorageStack,
    address: ec2.CfnEIP,
    scripts: assets.Asset,
    userdata: Path,
) -> ec2.UserData:
    """``scripts`` is the asset of the folder ``userdata``, which the host fetches."""
    environment = {
        "DOMAIN_NAME": settings.domain_name,
        "AWS_REGION": Aws.REGION,
        "STACK_NAME": stack.stack_name,
        "GROUP_LOGICAL_ID": GROUP_LOGICAL_ID,
        "IMAGE_BUCKET": storage.images.bucket_name,
        "IMAGE_FOLDER": storage.image_folder,
        "STATE_BUCKET": storage.state.bucket_name,
        "HOST_LOG_GROUP": storage.host_log.log_group_name,
        "ADDRESS": address.ref,
        "ADDRESS_ALLOCATION_ID": address.attr_allocation_id,
        "PARAMETER_PATH": settings.parameter_path,
        "ACME_DIRECTORY": settings.acme_directory_url,
        "ACME_EMAIL": settings.acme_contact,
        "DNS_MANAGED": "true" if settings.hosted_zone else "false",
        "REGISTRY_IMAGE": settings.registry_image,
        "REDIRECT": "true" if settings.redirect else "false",
        "BROWSER_ORIGINS": settings.browser_origins,
        "RUNBOOK_URL": settings.runbook_url,
        "MAINTENANCE_WINDOW": settings.maintenance_window,
        "ASSET_BUCKET": scripts.s3_bucket_name,
        "ASSET_KEY": scripts.s3_object_key,
    }
    host_env = "".join(f"{key}={value}\n" for key, value in environment.items())
    document = {
        "write_files": [
            _file("/etc/registry/host.env", "0644", host_env),
            _file("/opt/registry/bootstrap", "0755", (userdata / "bootstrap").read_text()),
            _file("/opt/registry/tools/aws-api", "0755", (userdata / "tools" / "aws-api").read_text()),
        ],
        "runcmd": [["/opt/registry/bootstrap"]],
    }
    return ec2.UserData.custom(f"#cloud-config\n{stack.to_json_string(document)}")


def _file(path: str, permissions: str, content: str) -> dict[str, Any]:
    return {"path": path, "permissions": permissions, "content": content}
