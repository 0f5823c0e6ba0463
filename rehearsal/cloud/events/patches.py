"""What EventBridge does otherwise than moto: it hears of changed parameters."""

from typing import Any

from moto.ssm.models import Parameter, SimpleSystemManagerBackend

from rehearsal.cloud.core.engines import Engines
from rehearsal.cloud.core.patches import Patches

NO_EVENTS = "moto's Parameter Store sends no events"


def patch(patches: Patches, engines: Engines) -> None:
    changed = engines.bus.parameter_changed

    @patches.wrap(SimpleSystemManagerBackend, because=NO_EVENTS)
    def put_parameter(original: Any, ssm: SimpleSystemManagerBackend, *args: Any, **kwargs: Any) -> Parameter:
        parameter: Parameter = original(ssm, *args, **kwargs)
        changed(parameter, "Create" if parameter.version == 1 else "Update")
        return parameter

    @patches.wrap(SimpleSystemManagerBackend, because=NO_EVENTS)
    def delete_parameter(original: Any, ssm: SimpleSystemManagerBackend, name: str) -> None:
        known = ssm.get_parameter(name)
        original(ssm, name)
        if known:
            changed(known, "Delete")

    @patches.wrap(SimpleSystemManagerBackend, because=NO_EVENTS)
    def delete_parameters(original: Any, ssm: SimpleSystemManagerBackend, names: list[str]) -> list[str]:
        known = {name: ssm.get_parameter(name) for name in names}
        deleted: list[str] = original(ssm, names)
        for name in deleted:
            changed(known[name], "Delete")
        return deleted
