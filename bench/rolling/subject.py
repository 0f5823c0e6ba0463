"""Clients that push and pull while the host is replaced, in the rehearsal that is up.

Each roll is a `cdk deploy` that changes the user data. docker, skopeo and crane push and pull all the time; curl,
docker and skopeo look at a manifest over new connections. At the end, operations get a while to come to their own end.
"""

import argparse
import statistics
import subprocess
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from bench import page
from bench.page import Target
from bench.rolling import operations
from bench.rolling.engine import start_engine
from bench.rolling.operations import Operation
from rehearsal.contract import product
from rehearsal.faults.fault import in_world
from rehearsal.machine.root_layers import Say
from rehearsal.machine.workplace import Workplace
from rehearsal.outside.client import Client
from rehearsal.outside.world import World

WORKER = Path(__file__).with_name("worker.bash")
WORKERS = (*((client, work) for client in ("docker", "skopeo", "crane") for work in ("push", "pull")),)
LOOKERS = tuple((client, "look") for client in ("curl", "docker", "skopeo"))
ROLLS, PATIENCE_SECONDS, SETTLING_SECONDS = 2, 100, 5
LOOK_EVERY_SECONDS = 0.1
AGENT_SECONDS, GAP_SECONDS = 15, 8
MOST_AGENT_SECONDS = 240
# To a client's packet in the middle of a connection that the host at the address does not know.
RESETS = """
add table ip resets
add chain ip resets output {{ type filter hook output priority -155; }}
add rule ip resets output ip daddr {address} ct state invalid reject with tcp reset
"""
DELIVERED = ("InProgress", "Success", "Failed")


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rolls", type=int, default=ROLLS, metavar="N", help=f"how many updates (default: {ROLLS})")
    about = "the new host resets the connections of the old one, in place of silence"
    parser.add_argument("--resets", action="store_true", help=about)
    about = f"for operations that are under way at the end (default: {PATIENCE_SECONDS})"
    parser.add_argument("--patience", type=int, default=PATIENCE_SECONDS, metavar="SECONDS", help=about)


@dataclass(slots=True)
class Moves:
    """Looks at the address until the end of ``with``: when it moved, and when its new host's agent answered then."""

    world: World
    moved_at: list[float] = field(default_factory=list)
    agent_seconds: list[float] = field(default_factory=list)
    _done: threading.Event = field(default_factory=threading.Event)
    _watcher: threading.Thread | None = None

    def __enter__(self) -> "Moves":
        self._watcher = threading.Thread(target=self._watch, name="moves", daemon=True)
        self._watcher.start()
        return self

    def __exit__(self, *_raised: object) -> None:
        self._done.set()
        if self._watcher:
            self._watcher.join()

    def _watch(self) -> None:
        ec2 = self.world.aws("ec2")
        holder = _holder(ec2)
        while not self._done.wait(LOOK_EVERY_SECONDS):
            before, holder = holder, _holder(ec2)
            if holder not in ("", before):
                moved_at = time.time()
                self.moved_at.append(moved_at)
                # By then the network has followed.
                time.sleep(1)
                self.agent_seconds.append(self._await_agent(holder, moved_at))

    def _await_agent(self, instance_id: str, moved_at: float) -> float:
        ssm, document, sent = self.world.aws("ssm"), _document(self.world), []
        verb = {"verb": [Path(product.DIAGNOSE).name]}
        while time.time() - moved_at < MOST_AGENT_SECONDS:
            try:
                command = ssm.send_command(
                    DocumentName=document, InstanceIds=[instance_id], Parameters=verb, TimeoutSeconds=30
                )
                sent.append(command["Command"]["CommandId"])
            except ClientError:
                # Systems Manager does not know the host yet.
                continue
            finally:
                time.sleep(0.5)
            for command_id in sent:
                found = ssm.list_command_invocations(CommandId=command_id)["CommandInvocations"]
                if any(each["Status"] in DELIVERED and each["StatusDetails"] != "Undeliverable" for each in found):
                    return time.time() - moved_at
        return float("inf")


def _holder(ec2: Any) -> str:
    return next((str(each.get("InstanceId", "")) for each in ec2.describe_addresses()["Addresses"]), "")


def _document(world: World) -> str:
    cloudformation = world.aws("cloudformation")
    for stack in cloudformation.describe_stacks()["Stacks"]:
        for each in cloudformation.list_stack_resources(StackName=stack["StackName"])["StackResourceSummaries"]:
            if each["ResourceType"] == "AWS::SSM::Document":
                return str(each["PhysicalResourceId"])
    raise RuntimeError("no stack of the rehearsal has an SSM document")


def measure(arguments: argparse.Namespace, say: Say) -> bool:
    """Returns whether all targets are kept."""
    world = World.running(Workplace.of_this_machine())
    client = world.client()
    prepare(world, client, say)
    if arguments.resets:
        in_world(world, "nft", "--file", "-", stdin=RESETS.format(address=world.state.address))
    running = {worker: start(world, client, *worker) for worker in (*WORKERS, *LOOKERS)}
    time.sleep(SETTLING_SECONDS)
    updates = []
    with Moves(world) as moves:
        for number in range(arguments.rolls):
            began = time.monotonic()
            world.cdk(lambda _: None).deploy(**product.another_user_data(int(time.time())))
            seconds = time.monotonic() - began
            cause = (world.control.tick("health").result or {}).get("cause", "the check failed")
            updates.append([str(number + 1), f"{seconds:.0f}", cause or "well"])
            say(f"update {' | '.join(updates[-1])}")
            time.sleep(SETTLING_SECONDS)
    await_end(client, running.values(), arguments.patience)
    did = {worker: done_by(client, *worker, process) for worker, process in running.items()}
    if arguments.resets:
        in_world(world, "nft", "delete", "table", "ip", "resets")
    return _report(arguments, moves, updates, did)


def prepare(world: World, client: Client, say: Say) -> None:
    forget(client)
    (client.work / WORKER.name).write_text(WORKER.read_text())
    say("starting docker beside the clients …")
    start_engine(client)
    for name, size in (("small", "1K"), ("large", "20M")):
        client.shell(
            f"head -c {size} /dev/urandom > payload && tar -cf layer.tar payload"
            f" && crane append --new_layer layer.tar --new_tag {world.domain}/rolling/{name}:1"
        )


def forget(client: Client) -> None:
    """What an earlier run has left in the clients' folder."""
    for left in (*client.work.glob("*.tsv"), *client.work.glob("*-*.log"), client.work / "stop"):
        left.unlink(missing_ok=True)


def await_end(client: Client, running: Iterable[subprocess.Popen[bytes]], patience_seconds: float) -> None:
    """Tell the workers to stop, and wait so long."""
    (client.work / "stop").touch()
    deadline = time.monotonic() + patience_seconds
    while any(each.poll() is None for each in running) and time.monotonic() < deadline:
        time.sleep(0.5)


def start(world: World, client: Client, name: str, work: str) -> subprocess.Popen[bytes]:
    command = client.command(["bash", WORKER.name, world.domain, name, work])
    return subprocess.Popen(command, stdin=subprocess.DEVNULL)


def done_by(client: Client, name: str, work: str, process: subprocess.Popen[bytes]) -> tuple[Operation, ...]:
    """Its operations; the one that has not ended yet is the last."""
    file = client.work / f"{name}-{work}.tsv"
    done = operations.read(file.read_text()) if file.exists() else ()
    if process.poll() is not None or not done:
        return done
    return (*done, Operation(done[-1].ended, time.time(), None))


def _report(
    arguments: argparse.Namespace,
    moves: Moves,
    updates: list[list[str]],
    did: Mapping[tuple[str, str], tuple[Operation, ...]],
) -> bool:
    load = [
        [
            *worker,
            str(len(did[worker])),
            str(operations.under_way(did[worker], moves.moved_at)),
            str(operations.failed(did[worker])),
            str(operations.stuck(did[worker])),
            page.number(operations.slowest(did[worker])),
        ]
        for worker in WORKERS
    ]
    gaps = {name: operations.longest_gap(did[name, work]) for name, work in LOOKERS}
    new = [
        [
            name,
            str(len(did[name, work])),
            str(operations.failed(did[name, work])),
            page.number(statistics.median(each.seconds for each in did[name, work])),
            page.number(gaps[name]),
        ]
        for name, work in LOOKERS
    ]
    rows = [[*update, page.number(seconds)] for update, seconds in zip(updates, moves.agent_seconds, strict=False)]
    end = " (the new host resets old connections)" if arguments.resets else ""
    stuck = f"stuck: no end, or after {operations.STUCK_SECONDS:.0f} s"
    load_header = ("client", "work", "operations", "under way at a move", "failed", stuck, "slowest, s")
    new_header = ("client", "looks", "failed", "median, s", "longest gap, s")
    header = ("update", "cdk deploy, s", "next health check", "agent answers after, s")
    sections = {
        f"Pushes and pulls that run on{end}": page.table(load_header, load),
        f"Manifests over new connections{end}": page.table(new_header, new),
        f"Each update{end}": page.table(header, rows),
    }
    lost = sum(operations.failed(did[worker]) + operations.stuck(did[worker]) for worker in WORKERS)
    targets = [
        Target("seconds until the SSM agent answers after the move", AGENT_SECONDS, moves.agent_seconds, unit=" s"),
        Target("longest gap, new connections: curl, docker, skopeo", GAP_SECONDS, list(gaps.values()), unit=" s"),
        Target("pushes and pulls that failed or were stuck", 0, [lost]),
    ]
    return page.report(arguments.output, "rolling", sections, () if arguments.resets else targets)
