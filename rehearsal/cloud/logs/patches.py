"""What CloudWatch Logs does otherwise than moto."""

from typing import Any

from moto.logs.models import LogGroup

from rehearsal.cloud.core.engines import Engines
from rehearsal.cloud.core.patches import Patches


def patch(patches: Patches, _engines: Engines) -> None:
    @patches.wrap(LogGroup, because="Fn::GetAtt Arn of a log group ends in :* (CloudFormation reference)")
    def get_cfn_attribute(original: Any, group: LogGroup, attribute_name: str) -> str:
        found = str(original(group, attribute_name))
        return f"{found}:*" if attribute_name == "Arn" else found
