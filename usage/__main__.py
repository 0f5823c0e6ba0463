"""``python -m usage NAME[:TAG]``: who pushed and pulled a tag, when, and how often in 30 days. Times are UTC."""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from doctor.account import Client, clients, configured_region
from doctor.refusals import sentence
from usage.reference import UnknownReferenceError, parse
from usage.registries import NoUsageError, fetch, state_buckets
from usage.text import lines
from userdata.usage.book import DAY_SECONDS, Tags, UnreadableError, read


def main(arguments: Sequence[str], client: Client | None = None, now: float | None = None) -> int:
    """0: printed. 1: nothing is known, or AWS refused. 2: the command is wrong."""
    parser = argparse.ArgumentParser(prog="python -m usage", description=__doc__)
    parser.add_argument("name", metavar="NAME[:TAG]", help="such as team/app, or registry.example.com/team/app:1.0")
    given = parser.parse_args(arguments)
    try:
        client = client or _of_this_machine()
        buckets = state_buckets(client("cloudformation"))
        wanted = parse(given.name, buckets)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "usage")
            fetch(client("s3"), buckets[wanted.domain], wanted.domain, file)
            tags: Tags = next((tags for repository, tags in read(file) if repository == wanted.repository), {})
    except UnknownReferenceError as error:
        parser.error(str(error))
    except (NoUsageError, UnreadableError) as error:
        print(f"{error}.", file=sys.stderr)
        return 1
    except (BotoCoreError, ClientError) as error:
        print(f"{sentence(error)}.", file=sys.stderr)
        return 1
    found = {tag: usage for tag, usage in tags.items() if wanted.tag in ("", tag)}
    if not found:
        print(f"no push or pull of {given.name} is known.", file=sys.stderr)
        return 1
    print("\n".join(lines(found, int(now or time.time()) // DAY_SECONDS)))
    return 0


def _of_this_machine() -> Client:
    session = boto3.Session()
    return clients(session, configured_region(session))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
