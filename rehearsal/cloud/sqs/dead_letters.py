"""Dead letters: events that a service could not deliver, kept in a queue with the reason.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html
"""

from collections.abc import Mapping
from typing import Any

from moto.sqs.models import sqs_backends

from rehearsal.cloud.core.scope import Scope


def keep(scope: Scope, queue_arn: str, event: str, reason: Mapping[str, str]) -> None:
    """``reason`` becomes the message's attributes, such as ERROR_CODE."""
    attributes: dict[str, Any] = {name: {"DataType": "String", "StringValue": value} for name, value in reason.items()}
    scope.regional(sqs_backends).send_message(queue_arn.rsplit(":", 1)[-1], event, message_attributes=attributes)
