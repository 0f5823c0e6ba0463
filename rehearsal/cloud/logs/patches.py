"""What CloudWatch Logs does otherwise than moto."""

from collections.abc import Iterator, Sequence
from typing import Any

from moto.logs.exceptions import LogsClientError
from moto.logs.models import LogGroup, LogQuery

from rehearsal.cloud.core.patches import Patches
from rehearsal.cloud.core.regions import Regions
from rehearsal.cloud.logs import insights
from rehearsal.cloud.logs.insights import Event


def patch(patches: Patches, _regions: Regions) -> None:
    @patches.wrap(LogGroup, because="Fn::GetAtt Arn of a log group ends in :* (CloudFormation reference)")
    def get_cfn_attribute(original: Any, group: LogGroup, attribute_name: str) -> str:
        found = str(original(group, attribute_name))
        return f"{found}:*" if attribute_name == "Arn" else found

    @patches.wrap(LogQuery, because="moto's queries ignore filter and dedup, and any word that they do not know")
    def __init__(  # noqa: N807
        original: Any, made: LogQuery, name: str, begin: int, end: int, query: str, groups: Sequence[LogGroup]
    ) -> None:
        original(made, name, begin, end, query, groups)
        try:
            made.results = insights.run(query, _events(groups, begin, end))
        except insights.MalformedQueryError as error:
            raise LogsClientError("MalformedQueryException", str(error)) from error


def _events(groups: Sequence[LogGroup], begin: int, end: int) -> Iterator[Event]:
    for group in groups:
        for stream in group.streams.values():
            for event in stream.events:
                if begin * 1000 <= event.timestamp <= end * 1000:
                    yield Event(stream.log_stream_name, event.timestamp, event.message)
