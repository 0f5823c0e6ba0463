"""What EventBridge does otherwise than moto: it hears of changed parameters."""

from typing import Any

from moto.ssm.models import Parameter, SimpleSystemManagerBackend

from rehearsal.cloud.core.patches import Patches
from rehearsal.cloud.core.regions import Regions

NO_EVENTS = "moto's Parameter Store sends no events"


def patch(patches: Patches, regions: Regions) -> None:
    def changed(ssm: SimpleSystemManagerBackend, parameter: Any, operation: str) -> None:
        regions.of(ssm.region_name).bus.parameter_changed(parameter, operation)

    @patches.wrap(SimpleSystemManagerBackend, because=NO_EVENTS)
    def put_parameter(original: Any, ssm: SimpleSystemManagerBackend, *args: Any, **kwargs: Any) -> Parameter:
        parameter: Parameter = original(ssm, *args, **kwargs)
        changed(ssm, parameter, "Create" if parameter.version == 1 else "Update")
        return parameter

    @patches.wrap(SimpleSystemManagerBackend, because=NO_EVENTS)
    def delete_parameter(original: Any, ssm: SimpleSystemManagerBackend, name: str) -> None:
        known = ssm.get_parameter(name)
        original(ssm, name)
        if known:
            changed(ssm, known, "Delete")

    @patches.wrap(SimpleSystemManagerBackend, because=NO_EVENTS)
    def delete_parameters(original: Any, ssm: SimpleSystemManagerBackend, names: list[str]) -> list[str]:
        known = {name: ssm.get_parameter(name) for name in names}
        deleted: list[str] = original(ssm, names)
        for name in deleted:
            changed(ssm, known[name], "Delete")
        return deleted
