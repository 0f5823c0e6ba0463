"""Everything outside of the host where a secret may leak: the account, the person's folder and the mailbox."""

import json
from base64 import b64decode
from collections.abc import Iterator, Mapping

from rehearsal.contract import run_directory
from rehearsal.contract.mail import Mailbox
from rehearsal.outside.world import World
from rehearsal.story.security import search_host


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
