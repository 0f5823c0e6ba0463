"""The registry's region is lost, and the registry is brought up in another one from the copy alone.

In a rehearsal of its own, with two regions. What a person does then are the commands of docs/recovery.md.
"""

import argparse
import json
import os
import re
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bench import page
from bench.deaths.belongings import SERIAL, orders
from bench.page import Target
from bench.region.shell import Shell, commands
from rehearsal.contract import product
from rehearsal.contract.order import Choices
from rehearsal.error import RehearsalError
from rehearsal.machine.oci_layout import REFERENCE, layers_of, pack, write_image
from rehearsal.machine.registry_image import architecture
from rehearsal.machine.root_layers import Say
from rehearsal.machine.workplace import Workplace
from rehearsal.outside import doctor
from rehearsal.outside.client import Client, CommandFailedError
from rehearsal.outside.golden_root import make_golden
from rehearsal.outside.lifecycle import down, up
from rehearsal.outside.world import World
from rehearsal.story.deploying import deploy
from rehearsal.story.front_door import first_login
from rehearsal.story.telling import keep_logs, story_in

OTHER_REGION = "eu-west-1"
LAYER_BYTES = {"small": 300_000, "big": 30_000_000}
# By layout, in this order: a tag that is moved, too.
PUSHES = (("small", "app:1.0"), ("small", "app:2.0"), ("big", "app:2.0"), ("big", "base:1.0"), ("small", "gone:1.0"))
KEPT, DELETED, LATE = ("app:1.0", "app:2.0", "base:1.0"), "gone:1.0", "late:1.0"
USER, PASSWORD = "anna", "a-long-password-of-annas"
MOST_COPY_SECONDS, MOST_SYNC_SECONDS, MOST_SECONDS = 60, 60, 300
NOISE = re.compile(r"^\S+ +\| +\d|: (start|success): |^registry-\w+$|\.Exports|: creating CloudFormation changeset")
# Of docs/recovery.md.
USERS, LOST = "## All users were deleted", "### The region is lost"


@dataclass(frozen=True, slots=True)
class Registry:
    """Manifests, and whole layers, by tag; ``deleted`` and ``user`` are the answers for a deleted tag, and to a user
    who is not the first."""

    manifests: Mapping[str, str]
    layers: Mapping[str, Mapping[str, str]]
    certificate: str
    deleted: int
    user: int


@dataclass(frozen=True, slots=True)
class Recovery:
    """``late`` is the answer for what was pushed right before the loss. ``in_the_way`` is what the doctor named."""

    before: Registry
    after: Registry
    copied_seconds: float
    commands_seconds: float
    seconds: float
    orders: int
    late: int
    refused_pushes: int
    in_the_way: Sequence[str]
    printed: str

    def report(self, output: Path) -> bool:
        before, after = self.before, self.after
        differing = sum(
            before.manifests[tag] != after.manifests[tag] or before.layers[tag] != after.layers[tag] for tag in KEPT
        )
        rows = [
            ["from the last push until S3 had copied everything", f"{self.copied_seconds:.0f} s"],
            ["from the loss to the end of the commands", f"{self.commands_seconds:.0f} s"],
            ["from the loss to the first pull", f"{self.seconds:.0f} s"],
            ["the certificate, before and after", f"{before.certificate}, {after.certificate}"],
            ["a tag that was deleted, before and after", f"{before.deleted}, {after.deleted}"],
            ["a user, before and after", f"{before.user}, {after.user}"],
            ["a tag that was pushed right before the loss", f"{self.late}"],
            *(["in the way, by the doctor", line] for line in self.in_the_way),
        ]
        sections = {
            "A registry from the copy alone": page.table(("what", "seen"), rows),
            "What the commands printed": f"```\n{_without_noise(self.printed)}\n```",
        }
        wrong = (before.certificate != after.certificate) + (after.deleted != 404) + (after.user != 200)
        targets = [
            Target("tags that are not as before, byte for byte", 0, [differing]),
            Target("certificate, deleted tag or user not as before", 0, [wrong]),
            Target("orders at the certificate authority", 0, [self.orders]),
            Target("pushes that are refused afterwards", 0, [self.refused_pushes]),
            Target("from the loss of a region to the first pull", MOST_SECONDS, [self.seconds], unit=" s"),
        ]
        return page.report(output, "region", sections, targets)


def measure(arguments: argparse.Namespace, say: Say) -> bool:
    """Returns whether the registry is the same afterwards."""
    workplace = Workplace.of_this_machine()
    make_golden(workplace, say)
    world = up(workplace, lambda _: None, detached=False, choices=Choices(other_region=OTHER_REGION))
    try:
        found = _lose_and_recover(world, say)
    except BaseException:
        say(f"the logs of everything are in {keep_logs(workplace, world.keeper_pid)}")
        raise
    finally:
        down(workplace)
    return found.report(arguments.output)


def _lose_and_recover(world: World, say: Say) -> Recovery:
    usual = world.cdk(lambda _: None)
    story = story_in(world, lambda _: None)
    story.cdk = replace(usual, settings={**usual.settings, product.REPLICA_REGION: OTHER_REGION})
    for region in ("", OTHER_REGION):
        usual.bootstrap(region)
    say(deploy(story))
    say(first_login(story))
    client, shell = story.client, Shell(world)
    world.aws("ssm").put_parameter(
        Name=product.user_parameter(world.domain, USER, access="pull"), Value=PASSWORD, Type="SecureString"
    )
    _push_all(client)
    say("pushed; S3 copies …")
    copied_seconds = _await_copies(world, story.outputs)
    say(f"copied after {copied_seconds:.0f} s")
    before, asked = _look(client), orders(world)
    keep, bring_back = commands(USERS)[-2:]
    with tempfile.TemporaryDirectory() as safe:
        shell.run(keep, folder=Path(safe))
        _push(client, "small", LATE)
        world.control.lose_region()
        began = time.monotonic()
        say("the region is lost")
        copy = story.outputs[product.OUTPUT_IMAGE_COPY]
        named = doctor.ask(world, image_bucket=copy).with_word(product.DOCTOR_FAILURE)
        where, *rest = commands(LOST)
        shell.run(where, bring_back, folder=Path(safe))
    printed = shell.run(where, *rest)
    commands_seconds = time.monotonic() - began
    client = world.client()
    _pull(client, KEPT[0])
    seconds = time.monotonic() - began
    say(f"the first pull {seconds:.0f} s after the loss")
    late = _status(client, LATE)
    return Recovery(
        before=before,
        after=_look(client),
        copied_seconds=copied_seconds,
        commands_seconds=commands_seconds,
        seconds=seconds,
        orders=orders(world) - asked,
        late=late,
        refused_pushes=_refused_pushes(client),
        in_the_way=named,
        printed=printed,
    )


def _without_noise(printed: str) -> str:
    """Without a stack's events, its exports, and what is published."""
    return "\n".join(line for line in printed.splitlines() if line.strip() and not NOISE.search(line))


def _push_all(client: Client) -> None:
    for name, size in LAYER_BYTES.items():
        layer = pack({"payload": os.urandom(size)})
        write_image(client.work / name, layer, architecture=architecture(), config={"Cmd": ["/payload"]})
    for layout, tag in PUSHES:
        _push(client, layout, tag)
    client.run("skopeo", "delete", f"docker://{client.registry}/{DELETED}")


def _push(client: Client, layout: str, tag: str) -> None:
    client.run("skopeo", "copy", f"oci:{layout}:{REFERENCE}", f"docker://{client.registry}/{tag}")


def _pull(client: Client, tag: str) -> Mapping[str, str]:
    """The digest of each layer as it came, by the digest that the manifest names."""
    place = f"pulled-{time.monotonic_ns()}"
    client.run("skopeo", "copy", f"docker://{client.registry}/{tag}", f"oci:{place}:{REFERENCE}")
    return layers_of(client.work / place)


def _refused_pushes(client: Client) -> int:
    """Of an image whose layers are there, one that was cut short, and a new one."""
    refused = 0
    write_image(
        client.work / "new", pack({"payload": os.urandom(300_000)}), architecture=architecture(), config={"Cmd": ["/"]}
    )
    for layout, tag in (("big", "again:1.0"), ("small", LATE), ("new", "new:1.0")):
        try:
            _push(client, layout, tag)
            _pull(client, tag)
        except CommandFailedError:
            refused += 1
    return refused


def _look(client: Client) -> Registry:
    """Once the user's login is known to the host."""
    deadline = time.monotonic() + MOST_SYNC_SECONDS
    url = f"https://{client.registry}/v2/"
    while (user := client.status_of(url, user=f"{USER}:{PASSWORD}")) != 200 and time.monotonic() < deadline:
        time.sleep(1)
    return Registry(
        manifests={
            tag: client.run("skopeo", "inspect", "--raw", f"docker://{client.registry}/{tag}").stdout for tag in KEPT
        },
        layers={tag: _pull(client, tag) for tag in KEPT},
        certificate=client.shell(SERIAL.format(client.registry)).stdout.strip(),
        deleted=_status(client, DELETED),
        user=user,
    )


def _status(client: Client, tag: str) -> int:
    repository, _, name = tag.partition(":")
    url = f"https://{client.registry}/v2/{repository}/manifests/{name}"
    accept = "Accept: application/vnd.oci.image.manifest.v1+json"
    answer = client.curl("--output", "/dev/null", "--write-out", "%{http_code}", "--header", accept, url)
    return int(json.loads(answer.stdout))


def _await_copies(world: World, outputs: Mapping[str, str]) -> float:
    """Seconds until both buckets' copies have the same objects. Raises RehearsalError: they never had."""
    mine = world.state.profile
    here, there = mine.client("s3"), replace(mine, region=OTHER_REGION).client("s3")
    pairs = (
        (product.OUTPUT_IMAGE_BUCKET, product.OUTPUT_IMAGE_COPY, "docker/"),
        (product.OUTPUT_STATE_BUCKET, product.OUTPUT_STATE_COPY, "letsencrypt/"),
    )
    began = time.monotonic()
    while any(
        _objects(here, outputs[source], prefix) != _objects(there, outputs[copy], prefix)
        for source, copy, prefix in pairs
    ):
        if time.monotonic() - began > MOST_COPY_SECONDS:
            raise RehearsalError(f"S3 has not copied everything after {MOST_COPY_SECONDS} s")
        time.sleep(0.5)
    return time.monotonic() - began


def _objects(s3: Any, bucket: str, prefix: str) -> dict[str, int]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return {each["Key"]: each["Size"] for page in pages for each in page.get("Contents", ())}
