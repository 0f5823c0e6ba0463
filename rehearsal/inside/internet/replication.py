"""S3's replication between the regions: some seconds later and in any order, by each bucket's rules and its role.

Each key's versions come in their order, and each object whole. What was there before the rule is not copied, and what
S3 may not copy stays uncopied, also when it may again later.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-what-is-isnot-replicated.html
"""

import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.cloud.core.cloud import Cloud
from rehearsal.cloud.s3.replication import CopyRule
from rehearsal.room.replication import Event, events

LOOK_EVERY_SECONDS = 0.5
# S3 takes up to 15 minutes for most objects.
LONGEST_SECONDS = 5.0


@dataclass(slots=True)
class _Progress:
    """Of one rule: how many events of each key are done, and when the next one of a key is due."""

    done: Counter[str]
    due: dict[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class Replication:
    """``s3_of`` is the client of the server that has a bucket."""

    cloud: Cloud
    s3_of: Callable[[str], Any]
    say: Callable[[str], None]
    _progress: dict[CopyRule, _Progress] = field(default_factory=dict)
    _sessions: dict[str, str] = field(default_factory=dict)
    _copied: Counter[str] = field(default_factory=Counter)

    def run(self) -> None:
        while True:
            time.sleep(LOOK_EVERY_SECONDS)
            for rule in self.cloud.copy_rules():
                try:
                    self.look(rule, time.monotonic())
                except (BotoCoreError, ClientError) as error:
                    # A region is being lost.
                    self.say(f"S3 cannot copy from {rule.bucket} to {rule.copy}: {error}")

    def look(self, rule: CopyRule, now: float) -> None:
        """Copy what is due of one rule."""
        found: defaultdict[str, list[Event]] = defaultdict(list)
        for of_key in events(self.s3_of(rule.bucket), rule.bucket, rule.prefix, None):
            found[of_key[0].key] = of_key
        progress = self._progress.get(rule)
        if progress is None:
            self._progress[rule] = _Progress(Counter({key: len(of_key) for key, of_key in found.items()}))
            return
        for key, of_key in found.items():
            if progress.done[key] < len(of_key) and key not in progress.due:
                progress.due[key] = now + random.uniform(0, LONGEST_SECONDS)  # noqa: S311
        for key in sorted((key for key, due in progress.due.items() if due <= now), key=progress.due.__getitem__):
            del progress.due[key]
            self._copy(rule, found[key][progress.done[key]])
            progress.done[key] += 1

    def _copy(self, rule: CopyRule, event: Event) -> None:
        is_deletion = event.version_id is None
        if is_deletion and not rule.with_deletions:
            return
        session = self._sessions.get(rule.role) or self.cloud.begin_copying(rule.role)
        self._sessions[rule.role] = session
        denied = self.cloud.copying_denied(session, rule, event.key, is_deletion=is_deletion)
        if denied:
            self.say(f"S3 may not copy {event.key} to {rule.copy}: {denied}")
            return
        there = self.s3_of(rule.copy)
        if is_deletion:
            there.delete_object(Bucket=rule.copy, Key=event.key)
        else:
            version = {"Bucket": rule.bucket, "Key": event.key, "VersionId": event.version_id}
            found = self.s3_of(rule.bucket).get_object(**version)
            more = {"ContentType": found["ContentType"], "Metadata": found["Metadata"]}
            there.upload_fileobj(found["Body"], rule.copy, event.key, ExtraArgs=more)
