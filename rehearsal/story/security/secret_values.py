"""The secrets of a deployed registry, and what each may look like where it has leaked."""

import base64
import json
from urllib.parse import quote

from rehearsal.outside.world import HostView
from rehearsal.story.step import Story, expect

HTTP_SECRET = "http-secret"  # noqa: S105  its name, not its value
# As whom a host proves itself, on itself alone.
PROOF = "proof/+host"


def secret_values(story: Story, host: HostView) -> dict[str, list[str]]:
    """What to look for, by name: passwords, the HTTP secret, keys of the person, of the host's role and of TLS.

    After a slash in a name comes the user's, if it is a login.
    """
    values = {**_parameters(story), **_of_role(story, host)}
    values[PROOF] = _on_host(story, host, "cat", "/etc/registry/proof/curl").split('"')[1].partition(":")[2]
    pem = _on_host(story, host, "cat", "/etc/registry/tls/privkey.pem").splitlines()
    values["the certificate's key"] = pem[1]
    values["the account's secret key"] = story.world.account.secret_access_key
    return {name: forms(value, name.rpartition("/")[2]) for name, value in values.items()}


def forms(value: str, user: str) -> list[str]:
    """As it is, as a login in a header, by itself in base64, and in an address."""
    login = f"{user}:{value}"
    encoded = [base64.b64encode(each.encode()).decode().rstrip("=") for each in (value, login)]
    return sorted({value, *encoded, quote(value, safe=""), json.dumps(value)[1:-1]})


def _parameters(story: Story) -> dict[str, str]:
    root = f"/registry/{story.domain}"
    pages = story.world.aws("ssm").get_paginator("get_parameters_by_path")
    found = [
        parameter
        for page in pages.paginate(Path=root, Recursive=True, WithDecryption=True)
        for parameter in page["Parameters"]
    ]
    values = {each["Name"].removeprefix(f"{root}/"): str(each["Value"]) for each in found}
    expect(
        HTTP_SECRET in values and "users/push/admin" in values,
        "the HTTP secret and the admin in Parameter Store",
        sorted(values),
    )
    return values


def _of_role(story: Story, host: HostView) -> dict[str, str]:
    path = "iam/security-credentials/"
    role = _on_host(story, host, "/opt/registry/tools/aws-api", "metadata", path).strip()
    issued = json.loads(_on_host(story, host, "/opt/registry/tools/aws-api", "metadata", f"{path}{role}"))
    return {
        "the role's secret key": str(issued["SecretAccessKey"]),
        "the role's session token": str(issued["Token"]),
    }


def _on_host(story: Story, host: HostView, *command: str) -> str:
    done = story.world.run_on_host(host, *command)
    expect(done.returncode == 0, f"{' '.join(command)} to work", done.stderr)
    return done.stdout
