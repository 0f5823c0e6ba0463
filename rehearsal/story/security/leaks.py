"""The secrets of a deployed registry, the forms in which each may leak, and the places outside the host to search."""

import base64
import json
from base64 import b64decode
from collections.abc import Iterator, Mapping
from urllib.parse import quote

from rehearsal.contract import product, run_directory
from rehearsal.contract.mail import Mailbox
from rehearsal.contract.world_state import Host
from rehearsal.outside.world import World
from rehearsal.story.security import search_host
from rehearsal.story.step import Story, expect

# The login of a host's proof, which that host alone accepts.
PROOF = "proof/+host"


def secret_values(story: Story, host: Host) -> dict[str, list[str]]:
    """What to look for, by name: passwords, the HTTP secret, keys of the person, of the host's role and of TLS.
    After a slash in a name comes the user's, if it is a login."""
    values = {**_parameters(story), **_of_role(story, host)}
    values[PROOF] = _on_host(story, host, "cat", product.PROOF_LOGIN).split('"')[1].partition(":")[2]
    pem = _on_host(story, host, "cat", f"{product.SERVED_CERTIFICATE}/privkey.pem").splitlines()
    values["the certificate's key"] = pem[1]
    values["the account's secret key"] = story.world.state.profile.secret_access_key
    return {name: forms(value, name.rpartition("/")[2]) for name, value in values.items()}


def forms(value: str, user: str) -> list[str]:
    """As it is, as a login in a header, by itself in base64, and in an address."""
    login = f"{user}:{value}"
    encoded = [base64.b64encode(each.encode()).decode().rstrip("=") for each in (value, login)]
    return sorted({value, *encoded, quote(value, safe=""), json.dumps(value)[1:-1]})


def _parameters(story: Story) -> dict[str, str]:
    root = product.parameter_path(story.domain)
    pages = story.world.aws("ssm").get_paginator("get_parameters_by_path")
    found = [
        parameter
        for page in pages.paginate(Path=root, Recursive=True, WithDecryption=True)
        for parameter in page["Parameters"]
    ]
    values = {each["Name"].removeprefix(f"{root}/"): str(each["Value"]) for each in found}
    needed = {product.HTTP_SECRET_KEY, product.FIRST_USER_KEY}
    expect(needed <= values.keys(), "the HTTP secret and the admin in Parameter Store", sorted(values))
    return values


def _of_role(story: Story, host: Host) -> dict[str, str]:
    path = "iam/security-credentials/"
    role = _on_host(story, host, product.AWS_API, "metadata", path).strip()
    issued = json.loads(_on_host(story, host, product.AWS_API, "metadata", f"{path}{role}"))
    return {"the role's secret key": str(issued["SecretAccessKey"]), "the role's session token": str(issued["Token"])}


def _on_host(story: Story, host: Host, *command: str) -> str:
    done = story.world.run_on_host(host, *command)
    expect(done.returncode == 0, f"{' '.join(command)} to work", done.stderr)
    return done.stdout


def contents_outside(world: World, outputs: Mapping[str, str]) -> Iterator[tuple[str, str, bytes]]:
    """Each place, the name of a thing in it, and its content."""
    for file, content in search_host.files(str(world.workplace.run / "cdk.out")):
        yield "templates and assets", file, content
    yield "outputs", "cdk deploy", json.dumps(dict(outputs)).encode()
    ec2 = world.aws("ec2")
    for host in world.hosts():
        told = ec2.describe_instance_attribute(InstanceId=host.id, Attribute="userData")
        yield "user data", host.id, b64decode(told["UserData"]["Value"])
        console = world.workplace.run / run_directory.HOSTS / host.id / "console.log"
        yield "consoles", host.id, run_directory.in_world(world.keeper_pid, console).read_bytes()
    logs = world.aws("logs")
    for group in logs.describe_log_groups()["logGroups"]:
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"])
        said = "\n".join(event["message"] for page in pages for event in page["events"])
        yield "log groups", group["logGroupName"], said.encode()
    functions = world.aws("lambda").list_functions()["Functions"]
    yield "functions' environments", "Lambda", json.dumps(functions, default=str).encode()
    ssm = world.aws("ssm")
    answers = [
        ssm.get_command_invocation(CommandId=each["CommandId"], InstanceId=each["InstanceId"])
        for each in ssm.list_command_invocations()["CommandInvocations"]
    ]
    yield "Run Command", "invocations", json.dumps(answers, default=str).encode()
    for mail in Mailbox(world.workplace).read():
        yield "mails", mail.subject, str(mail).encode()
