"""What Systems Manager does otherwise than moto: Run Command really runs."""

import json

from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult
from moto.ssm.responses import SimpleSystemManagerResponse

from rehearsal.cloud.core.patches import Patches
from rehearsal.cloud.core.regions import Regions
from rehearsal.cloud.ssm import invocations
from rehearsal.cloud.ssm.commands import Commands

NOT_RUN = "moto reports every command as a success, and runs none"


def patch(patches: Patches, regions: Regions) -> None:
    def commands_of(response: SimpleSystemManagerResponse) -> Commands:
        return regions.of(response.region).commands

    @patches.replace(SimpleSystemManagerResponse, because=NOT_RUN)
    def send_command(response: SimpleSystemManagerResponse) -> ActionResult:
        return ActionResult({"Command": commands_of(response).send(json.loads(response.body)).row()})

    @patches.replace(SimpleSystemManagerResponse, because=NOT_RUN)
    def get_command_invocation(response: SimpleSystemManagerResponse) -> ActionResult:
        command = commands_of(response).named(response._get_param("CommandId"))
        invocation = command.invocations.get(response._get_param("InstanceId"))
        if invocation is None:
            raise JsonRESTError("InvocationDoesNotExist", "")
        return ActionResult(invocations.answer(command, invocation))

    @patches.replace(SimpleSystemManagerResponse, because=NOT_RUN)
    def list_commands(response: SimpleSystemManagerResponse) -> ActionResult:
        found, wanted = commands_of(response).all.values(), response._get_param("CommandId")
        return ActionResult({"Commands": [each.row() for each in found if wanted in (None, each.id)]})

    @patches.add(SimpleSystemManagerResponse, because="moto has no GetConnectionStatus")
    def get_connection_status(response: SimpleSystemManagerResponse) -> ActionResult:
        target = response._get_param("Target")
        status = "connected" if commands_of(response).agents.answers(target) else "notconnected"
        return ActionResult({"Target": target, "Status": status})

    @patches.add(SimpleSystemManagerResponse, because="moto has no ListCommandInvocations")
    def list_command_invocations(response: SimpleSystemManagerResponse) -> ActionResult:
        asked = json.loads(response.body)
        commands, wanted = commands_of(response), asked.get("CommandId")
        found = [
            invocations.row(command, each, with_output=bool(asked.get("Details")))
            for command in ([commands.named(wanted)] if wanted else commands.all.values())
            for each in command.invocations.values()
            if asked.get("InstanceId") in (None, each.instance_id)
        ]
        return ActionResult({"CommandInvocations": found})
