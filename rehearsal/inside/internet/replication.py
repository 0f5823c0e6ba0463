"""S3's replication between the regions: some seconds later and in any order, by each bucket's rules and its role.

Each key's versions come in their order, and each object whole. What was there before the rule is not copied, and what
S3 may not copy stays uncopied, also when it may again later.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-what-is-isnot-replicated.html
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from moto.s3.exceptions import MissingBucket

from rehearsal.cloud.core.cloud import Cloud
from rehearsal.cloud.s3.replication import CopyRule
from rehearsal.room.replication import Event, events

LOOK_EVERY_SECONDS = 0.5
# S3 takes up to 15 minutes for most objects.
LONGEST_SECONDS = 5.0


@dataclass(slots=True)
class _Progress:
    """Of one rule: what is done, and when the next event of a key is due."""

    done: set[Event]
    due: dict[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class Replication:
    """``s3_of`` is the client of the server that has a bucket."""

    cloud: Cloud
    s3_of: Callable[[str], Any]
    say: Callable[[str], None]
    _progress: dict[CopyRule, _Progress] = field(default_factory=dict)
    _sessions: dict[str, str] = field(default_factory=dict)

    def run(self) -> None:
        while True:
            time.sleep(LOOK_EVERY_SECONDS)
            for rule in self.cloud.copy_rules():
                try:
                    self.look(rule, time.monotonic())
                # A region is being lost, or a bucket deleted: the others' copies go on.
                except (BotoCoreError, ClientError, MissingBucket) as error:
                    self.say(f"S3 cannot copy from {rule.bucket} to {rule.copy}: {error}")

    def look(self, rule: CopyRule, now: float) -> None:
        """Copy what is due of one rule."""
        found = events(self.s3_of(rule.bucket), rule.bucket, rule.prefix, None)
        progress = self._progress.get(rule)
        if progress is None:
            self._progress[rule] = _Progress({event for of_key in found for event in of_key})
            return
        waiting = (next((event for event in of_key if event not in progress.done), None) for of_key in found)
        coming = {event.key: event for event in waiting if event}
        for key in coming.keys() - progress.due.keys():
            progress.due[key] = now + random.uniform(0, LONGEST_SECONDS)  # noqa: S311
        for key in sorted((key for key, due in progress.due.items() if due <= now), key=progress.due.__getitem__):
            del progress.due[key]
            # Its version may have been deleted meanwhile.
            if event := coming.get(key):
                self._copy(rule, event)
                progress.done.add(event)

    def _copy(self, rule: CopyRule, event: Event) -> None:
        if event.is_deletion and not rule.with_deletions:
            return
        session = self._sessions.get(rule.role) or self.cloud.begin_copying(rule.role)
        self._sessions[rule.role] = session
        denied = self.cloud.copying_denied(session, rule, event.key, is_deletion=event.is_deletion)
        if denied:
            self.say(f"S3 may not copy {event.key} to {rule.copy}: {denied}")
            return
        there = self.s3_of(rule.copy)
        if event.is_deletion:
            there.delete_object(Bucket=rule.copy, Key=event.key)
        else:
            version = {"Bucket": rule.bucket, "Key": event.key, "VersionId": event.version_id}
            found = self.s3_of(rule.bucket).get_object(**version)
            more = {"ContentType": found["ContentType"], "Metadata": found["Metadata"]}
            there.upload_fileobj(found["Body"], rule.copy, event.key, ExtraArgs=more)
