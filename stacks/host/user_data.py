"""The cloud-config document of a host: three files, of which cloud-init runs one.

cloud-init reads YAML, and JSON is YAML. https://docs.cloud-init.io/en/latest/reference/modules.html#write-files
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_ec2 as ec2


def user_data(stack: Stack, userdata: Path, environment: Mapping[str, str]) -> ec2.UserData:
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
