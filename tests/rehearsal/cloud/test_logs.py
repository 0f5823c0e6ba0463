"""CloudWatch Logs Insights answers the queries of the documents, and refuses what AWS refuses."""

import json
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.cloud_account import Account
from tests.support.documents import audit_query

GROUP = "/registry/host"


@pytest.fixture
def logs(account: Account) -> Any:
    client = account.client("logs")
    client.create_log_group(logGroupName=GROUP)
    for stream in ("i-1/audit", "i-2/audit", "i-1/journal"):
        client.create_log_stream(logGroupName=GROUP, logStreamName=stream)
    return client


def write(logs: Any, stream: str, *messages: str) -> None:
    now = int(time.time() * 1000)
    events = [{"timestamp": now + number, "message": message} for number, message in enumerate(messages)]
    logs.put_log_events(logGroupName=GROUP, logStreamName=stream, logEvents=events)


def change(identifier: str, second: int, user: str = "alice", status: int = 201) -> str:
    return json.dumps({"id": identifier, "time": f"2026-11-28T08:00:{second:02}Z", "user": user, "status": status})


def ask(logs: Any, query: str) -> list[dict[str, str]]:
    now = int(time.time())
    started = logs.start_query(logGroupName=GROUP, startTime=now - 60, endTime=now + 60, queryString=query)
    rows = logs.get_query_results(queryId=started["queryId"])["results"]
    return [{each["field"]: each["value"] for each in row} for row in rows]


def test_the_documented_query_shows_each_change_once_the_newest_first(logs: Any) -> None:
    write(logs, "i-1/audit", change("a", 1), change("b", 2), change("b", 2))
    write(logs, "i-2/audit", change("c", 3))
    write(logs, "i-1/journal", "a line of another kind", change("d", 4))
    rows = ask(logs, audit_query())
    assert [row["time"][-3:-1] for row in rows] == ["03", "02", "01"]


@pytest.mark.parametrize(
    ("condition", "seconds"), [('user = "bob"', ["02"]), ("status = 403", ["01"]), ("user like /^b/", ["02"])]
)
def test_a_condition_goes_into_the_documented_query(logs: Any, condition: str, seconds: list[str]) -> None:
    write(logs, "i-1/audit", change("a", 1, status=403), change("b", 2, user="bob"))
    rows = ask(logs, audit_query(condition))
    assert [row["time"][-3:-1] for row in rows] == seconds


@pytest.mark.parametrize(
    "query",
    ["fields @message | dedup id | sort @timestamp", "fields @message | where id = 1", "filter id is 1", "sort a, b"],
)
def test_what_aws_refuses_is_refused(logs: Any, query: str) -> None:
    with pytest.raises(ClientError, match="MalformedQueryException"):
        ask(logs, query)


def test_rows_are_limited_after_their_duplicates_are_gone(logs: Any) -> None:
    write(logs, "i-1/audit", change("a", 1), change("a", 1), change("b", 2))
    assert len(ask(logs, "fields time | sort time asc | dedup id | limit 2")) == 2
