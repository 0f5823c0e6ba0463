"""``python3 -m usage fold`` reads what nginx has logged; ``publish`` also adds it to S3 and to the page; ``end``, too,
when this host stops.

steps/fold-usage calls it.
"""

import fcntl
import math
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from . import audit, page
from .aws import Aws
from .book import DAY_SECONDS, key_of
from .log import Request, new_lines, parse
from .publish import Shelf, publish
from .state import State, load, save
from .uses import uses

# The second is logrotate's name for the file before (etc/logrotate.d/nginx).
LOGS = (Path("/var/log/nginx/usage.log"), Path("/var/log/nginx/usage.log.1"))
OWN = Path("/var/lib/registry/usage")
PAGE = Path("/var/lib/registry-page/usage")
AWS = Aws(Path("/opt/registry/tools/aws-api"))


def main(verb: str) -> None:
    now = time.time()
    OWN.mkdir(parents=True, exist_ok=True)
    with (OWN / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        file = OWN / "state.json"
        state, host = load(file), AWS.call("metadata", "instance-id").strip()
        # At the end no request follows a look.
        fold(state, host, math.inf if verb == "end" else now)
        save(state, file)
        today = int(now) // DAY_SECONDS
        if verb != "fold" and (state.unsent or state.sending or state.shown_on != today):
            shelf = Shelf(os.environ["STATE_BUCKET"], key_of(os.environ["DOMAIN_NAME"]), OWN / "all.jsonl.gz")
            book = publish(AWS, shelf, host, state, lambda: save(state, file), now)
            for repository in page.show(PAGE, book, today):
                print(f"the page cannot show the usage of {repository}", file=sys.stderr)
            state.shown_on = today
            save(state, file)


def fold(state: State, host: str, now: float) -> None:
    """Nothing is kept before CloudWatch has the audit trail: the next run reads the same lines again."""
    changes: list[Request] = []
    state.note(uses(_requests(state, changes), state.looks, now))
    if changes:
        audit.send(AWS, os.environ["HOST_LOG_GROUP"], host, changes)


def _requests(state: State, changes: list[Request]) -> Iterator[Request]:
    for line in new_lines(LOGS, state.positions):
        try:
            request = parse(line)
        except ValueError as error:
            print(f"{error}: {line[:200]!r}", file=sys.stderr)
            continue
        if request.method in audit.CHANGES:
            changes.append(request)
        yield request


if __name__ == "__main__":
    main(sys.argv[1])
