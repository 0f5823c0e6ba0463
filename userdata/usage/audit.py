"""The audit trail: a line of JSON in the host log group for each push and deletion, whether it succeeded or not.

An answer that is lost makes the host send lines twice. They have the same id.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from .aws import Aws
from .log import Request

CHANGES = {"PUT", "DELETE"}
# CloudWatch takes 10,000 lines and 1 MB at once, and no batch of more than a day. A line has less than 4 KB.
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
LINES_AT_ONCE = 200
LONGEST_TEXT = 500


def line_of(request: Request) -> dict[str, Any]:
    texts = {name: value[:LONGEST_TEXT] for name, value in asdict(request).items() if isinstance(value, str)}
    time = datetime.fromtimestamp(request.at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"time": time, **texts, "status": request.status}


def batches(requests: Iterable[Request]) -> Iterator[list[Request]]:
    """In the order of time, as CloudWatch demands it within a batch."""
    batch: list[Request] = []
    for request in sorted(requests, key=lambda each: each.at):
        if batch and (len(batch) == LINES_AT_ONCE or request.at - batch[0].at > 12 * 3600):
            yield batch
            batch = []
        batch.append(request)
    if batch:
        yield batch


def send(aws: Aws, group: str, host: str, requests: Iterable[Request]) -> None:
    """
    Raises:
        AwsError: some lines may have arrived.
    """
    target = {"logGroupName": group, "logStreamName": f"{host}/audit"}
    for number, batch in enumerate(batches(requests)):
        if number == 0:
            aws.create_log_stream(target)
        events = [
            {"timestamp": int(each.at * 1000), "message": json.dumps(line_of(each), ensure_ascii=False)}
            for each in batch
        ]
        aws.call("logs", "PutLogEvents", given=json.dumps({**target, "logEvents": events}))
