"""``python -m restore``: brings images, or the saved certificate, back as they were at a moment."""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from doctor.account import DEFAULT_REGION, configured_region
from doctor.refusals import sentence
from restore import scope
from restore.bucket import CONFIG, Bucket, RefusedError
from restore.carry_out import carry_out
from restore.moment import MomentError, check_kept, parse
from restore.plan import Plan
from restore.scope import NothingThereError
from restore.text import CLIENTS_SEE_IT, plan_lines, request_line

CDK_JSON = Path(__file__).resolve().parents[1] / "cdk.json"
# Outputs of the storage stack.
BUCKETS = {"images": "ImageBucket", "state": "StateBucket"}


class UsageError(Exception):
    """The command asks for something that cannot be; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Order:
    """What the command line asks for."""

    moment: datetime
    what: str
    repository: str
    tag: str
    only_missing: bool


def main(arguments: Sequence[str]) -> int:
    """0: all is as it was, or the plan was shown. 1: AWS refused something. 2: the command is wrong."""
    given = _parser().parse_args(arguments)
    try:
        order = _order(given, datetime.now(UTC))
        session = boto3.Session()
        region = configured_region(session) or DEFAULT_REGION
        make: Callable[..., Any] = session.client
        place = given.bucket or bucket_of(make("cloudformation", region_name=region), given.name_prefix, order.what)
        name, _, folder = place.strip("/").partition("/")
        s3 = make("s3", region_name=region, config=CONFIG)
        return restore(Bucket(s3, name, f"{folder}/" if folder else ""), order, yes=given.yes)
    except (MomentError, UsageError, NothingThereError) as error:
        print(f"{error}.", file=sys.stderr)
        return 2
    except (BotoCoreError, ClientError) as error:
        print(f"{sentence(error)}.", file=sys.stderr)
        return 1
    except RefusedError as error:
        print(f"{error}. Run the same command again: it goes on where this one ended.", file=sys.stderr)
        return 1


def restore(bucket: Bucket, order: Order, *, yes: bool) -> int:
    check_kept(order.moment, bucket.days_kept(), datetime.now(UTC))
    if not bucket.is_versioned():
        raise UsageError(f"{bucket.address} keeps no versions: there is nothing to bring back")
    plan = plan_for(bucket, order)
    about = f" {order.repository}" + (f":{order.tag}" if order.tag else "") if order.repository else ""
    print(f"{bucket.address}{about} as of {order.moment:%Y-%m-%d %H:%M:%S} UTC:")
    if plan.changes or plan.lost:
        print("\n".join(plan_lines(plan, lambda key, version: bucket.read(key, version).decode())))
    print(f"Read with {request_line(bucket.requests)}.")
    if not plan.changes:
        print("There is nothing to do.")
        return 0
    if not (yes or _confirmed()):
        print("Nothing was written. Add --yes to carry the plan out.")
        return 0
    bucket.requests.clear()
    carry_out(bucket, plan, _show_progress)
    print(f"{len(plan.changes):,} objects are back, with {request_line(bucket.requests)}.")
    if order.what == "images":
        print(CLIENTS_SEE_IT)
    return 0


def plan_for(bucket: Bucket, order: Order) -> Plan:
    """Raises NothingThereError: nothing of that name was there at that moment."""
    moment, only_missing = order.moment, order.only_missing
    if order.what == "state":
        return scope.of_certificates(bucket, moment, only_missing=only_missing)
    if order.tag:
        return scope.of_tag(bucket, order.repository, order.tag, moment, only_missing=only_missing)
    if order.repository:
        return scope.of_repository(bucket, order.repository, moment, only_missing=only_missing)
    return scope.of_whole_bucket(bucket, moment, only_missing=only_missing)


def bucket_of(cloudformation: Any, name_prefix: str, what: str) -> str:
    """Of a registry's storage stack, with a folder if the images are in one. Raises UsageError: there is no such
    stack."""
    stack = f"{name_prefix}-storage"
    try:
        (found,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":
            raise UsageError(
                f"there is no stack {stack!r} in this account and region; --name-prefix names another registry,"
                " and --bucket a bucket whose stack was deleted"
            ) from error
        raise
    outputs = {each["OutputKey"]: each["OutputValue"] for each in found["Outputs"]}
    return str(outputs[BUCKETS[what]])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m restore", description=__doc__)
    parser.add_argument("--as-of", required=True, metavar="TIME", help="with its zone, such as 2026-11-27T18:00Z")
    parser.add_argument("--what", choices=list(BUCKETS), default="images", help="state: the saved certificate")
    parser.add_argument("--repository", default="", metavar="NAME", help="one repository only, such as team/app")
    parser.add_argument("--tag", default="", metavar="NAME", help="one tag of the repository only, with its image")
    parser.add_argument(
        "--only-missing", action="store_true", help="bring back what is gone, and move no tag that exists"
    )
    parser.add_argument("--yes", action="store_true", help="carry the plan out without asking")
    parser.add_argument(
        "--bucket", default="", metavar="NAME", help="a bucket whose stack was deleted, or BUCKET/FOLDER"
    )
    default = json.loads(CDK_JSON.read_text())["context"]["name_prefix"]
    about = f"the setting of the registry's stacks (default: {default})"
    parser.add_argument("--name-prefix", default=default, metavar="PREFIX", help=about)
    return parser


def _order(given: argparse.Namespace, now: datetime) -> Order:
    if given.tag and not given.repository:
        raise UsageError(f"--tag {given.tag!r}: --repository is missing, which says where the tag was")
    if given.repository and given.what == "state":
        raise UsageError(f"--repository {given.repository!r}: --what state has no repositories")
    moment = parse(given.as_of, now)
    return Order(moment, given.what, given.repository.strip("/"), given.tag, given.only_missing)


def _confirmed() -> bool:
    return sys.stdin.isatty() and input("Type restore to carry this out: ").strip() == "restore"


def _show_progress(back: int, of_all: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{back:,} of {of_all:,} objects", end="\n" if back == of_all else "", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
