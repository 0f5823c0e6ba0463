"""What the registry depends on has a bad day: S3, the certificate authority, metadata, Parameter Store.

Each names the cause that the mail must have, or that no mail may come.
"""

import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from rehearsal.certificates import begin, common_name
from rehearsal.contract import run_directory
from rehearsal.contract.world_network import ACME_MANAGEMENT, ACME_PORT, BRIDGE
from rehearsal.faults import bad_day
from rehearsal.faults.bucket import allow_again, deny, host_role
from rehearsal.faults.fault import ALARM, NO_MAIL, Fault, FaultError, Target, in_world
from rehearsal.faults.front import put_in_front, take_away
from rehearsal.faults.on_host import fill_disk, free_disk
from rehearsal.faults.reachability import drop, let_through
from rehearsal.faults.renewal import in_the_way
from rehearsal.outside.world import World

# Of the proxy, for each stand-in: the front's name for it, where the proxy listens, and where the stand-in does.
S3 = ("http://objects", "127.0.0.1:7081", "127.0.0.1:7070")
AUTHORITY = (f"https://127.0.0.1:{ACME_PORT}", "127.0.0.1:7082", f"https://127.0.0.1:{ACME_PORT}")
START_SECONDS = 10
# The registry of the product's own image.
IMAGE_REGISTRY = "public.ecr.aws"
DNS_STUTTERS = "udp dport 53 numgen random mod 10 < 5 drop"
METADATA_IS_SILENT = f"iifname {BRIDGE} ip daddr 169.254.169.254 drop"
WRONG_CHAIN = "wrong-chain"
THROTTLED, UNREACHABLE = "parameters-throttled", "images-unreachable"


def _bad_day(what: str, stand_in: tuple[str, str, str], mood: str, cause: str) -> Fault:
    name, listen, upstream = stand_in
    rule = (
        "location ~ / {\n    set $mended $stand_in;\n"
        f"    if ($stand_in = {name}) {{ set $mended http://{listen}; }}\n    proxy_pass $mended;\n}}\n"
    )

    def begin_it(world: World) -> None:
        file = world.workplace.run / run_directory.STAND_INS / f"mood-{listen.rpartition(':')[2]}"
        file.write_text(mood)
        _start_proxy(world, listen, upstream, str(file))
        put_in_front(world, "bad-day", rule)

    def end(world: World, _remembered: Any) -> None:
        take_away(world, "bad-day")

    return Fault(what, begin_it, end, cause)


def _start_proxy(world: World, listen: str, upstream: str, file: str) -> None:
    """Unless it runs already; it ends with the world."""
    look = ["curl", "--silent", "--max-time", "1", f"telnet://{listen}"]

    def listens() -> bool:
        # curl: nobody listens.
        return subprocess.run(world.command(look), stdin=subprocess.DEVNULL, capture_output=True).returncode != 7

    if listens():
        return
    command = world.command([sys.executable, bad_day.__file__, listen, upstream, file])
    nowhere = subprocess.DEVNULL
    subprocess.Popen(command, stdin=nowhere, stdout=nowhere, stderr=nowhere, start_new_session=True)
    deadline = time.monotonic() + START_SECONDS
    while not listens():
        if time.monotonic() > deadline:
            raise FaultError(f"nothing listens on {listen} after {START_SECONDS} s")
        time.sleep(0.1)


def _send_wrong_chain(world: World) -> None:
    """The authority's intermediate certificate, replaced by one that has the same name and another key."""
    command = ("curl", "--silent", "--fail", "--insecure", f"{ACME_MANAGEMENT}/intermediates/0")
    right = in_world(world, *command)
    name = common_name("another authority")
    key = ec.generate_private_key(ec.SECP256R1())
    builder = begin(name, name, key.public_key(), datetime.now(UTC), timedelta(days=90))
    wrong = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
    put_in_front(
        world,
        WRONG_CHAIN,
        f"location /certZ/ {{\n    proxy_pass $stand_in;\n    sub_filter_types *;\n"
        f"    sub_filter '{_body(right)}' '{_body(wrong)}';\n}}\n",
    )


def _body(pem: str) -> str:
    """Without the first line and the last: the leaf's are the same."""
    return "\n".join(pem.strip().splitlines()[1:-1])


def throttle_parameters(world: World) -> None:
    """The hosts' questions alone: they ask with curl. AWS answers 400 to what is too much, where others say 429."""
    answer = '{"__type":"ThrottlingException","message":"Rate exceeded"}'
    rule = f"if ($asked ~ '^curl.* AmazonSSM.GetParameter') {{ return 400 '{answer}'; }}"
    put_in_front(world, THROTTLED, f'set $asked "$http_user_agent $http_x_amz_target";\n{rule}\n')


def stop_throttling(world: World) -> None:
    take_away(world, THROTTLED)


def _deny_parameters(world: World) -> str:
    return deny(world, host_role(Target.newest(world)), "ssm:GetParameter*", "*")


def _close_image_registry(world: World) -> None:
    """It takes connections and ends each without an answer."""
    put_in_front(world, UNREACHABLE, f"if ($host = {IMAGE_REGISTRY}) {{ return 444; }}\n")


# The functions keep their state in S3, too.
FAULTS: Mapping[str, Fault] = {
    "s3-errors": _bad_day("S3 answers 500 to everything", S3, "error 500", ALARM),
    "s3-slows-down": _bad_day("S3 answers 503 SlowDown to everything", S3, "error 503", ALARM),
    "s3-hangs": _bad_day("S3 accepts requests and never answers", S3, "hang", ALARM),
    "s3-cuts": _bad_day("S3 resets every connection half-way", S3, "cut", ALARM),
    "s3-stutters": _bad_day("S3 answers 503 SlowDown to three of ten requests", S3, "error 503 0.3", NO_MAIL),
    "s3-slow": _bad_day("S3 begins each answer two seconds late", S3, "slow 2", NO_MAIL),
    "metadata-silent": Fault(
        "the metadata service does not answer the hosts",
        lambda world: drop(world, METADATA_IS_SILENT),
        lambda world, _: let_through(world),
        "s3-unreachable",
    ),
    "parameters-throttled": Fault(
        "Parameter Store refuses the host's questions: too many",
        throttle_parameters,
        lambda world, _: stop_throttling(world),
        NO_MAIL,
    ),
    "parameters-denied": Fault(
        "the hosts' role may not read parameters any more", _deny_parameters, allow_again, NO_MAIL
    ),
    "images-unreachable": Fault(
        "the registry that has the registry's own image answers nobody",
        _close_image_registry,
        lambda world, _: take_away(world, UNREACHABLE),
        NO_MAIL,
    ),
    "dns-stutters": Fault(
        "half of all questions to DNS get no answer, from clients, hosts and functions",
        lambda world: drop(world, DNS_STUTTERS),
        lambda world, _: let_through(world),
        NO_MAIL,
    ),
    "renewal-wrong-chain": in_the_way(
        "a renewal is due, and the authority sends a wrong chain with the certificate",
        _send_wrong_chain,
        lambda world, _: take_away(world, WRONG_CHAIN),
        "renewal-hook-failed",
    ),
    "renewal-slow": in_the_way(
        "a renewal is due, and the authority takes five seconds for each answer",
        (slow := _bad_day("", AUTHORITY, "slow 5", NO_MAIL)).begin,
        slow.end,
        NO_MAIL,
    ),
    "renewal-disk-full": in_the_way(
        "a renewal is due, and the host's disk is full",
        lambda world: fill_disk(Target.newest(world), whole=True),
        lambda world, _: free_disk(Target.newest(world)),
        "renewal-failed",
    ),
}
