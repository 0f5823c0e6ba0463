"""Which action on which resources a request asks for, in IAM's words.

Per service: https://docs.aws.amazon.com/service-authorization/latest/reference/
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from moto.autoscaling.models import autoscaling_backends
from moto.cloudformation.models import cloudformation_backends
from moto.ec2.models import ec2_backends

from rehearsal.cloud.policy import Context, Resource
from rehearsal.cloud.values import Place

# Where the name in a signature is not the prefix of the actions.
PREFIXES = {"monitoring": "cloudwatch", "email": "ses"}
UNKNOWN = (Resource(None),)
# "*" is all that policies for these can name; a statement for one resource does not allow them.
EVERYTHING = (Resource("*"),)

Parameter = Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class Ask:
    action: str
    resources: tuple[Resource, ...]
    context: Context


def ask(place: Place, service: str, operation: str, parameter: Parameter) -> Ask:
    prefix = PREFIXES.get(service, service)
    find = _RESOURCES.get(prefix)
    return Ask(
        action=f"{prefix}:{operation}",
        resources=tuple(find(place, operation, parameter)) if find else UNKNOWN,
        context=_context(prefix, operation, parameter),
    )


def _context(prefix: str, operation: str, parameter: Parameter) -> Context:
    if (prefix, operation) == ("ssm", "PutParameter"):
        return {"ssm:overwrite": (str(bool(parameter("Overwrite"))).lower(),)}
    if (prefix, operation) == ("cloudwatch", "PutMetricData"):
        return {"cloudwatch:namespace": (str(parameter("Namespace")),)}
    if (prefix, operation) == ("ssm", "GetParametersByPath"):
        return {"ssm:recursive": (str(bool(parameter("Recursive"))).lower(),)}
    return {}


def _ssm(place: Place, operation: str, parameter: Parameter) -> Iterable[Resource]:
    names = {
        "GetParameters": parameter("Names"),
        "DeleteParameters": parameter("Names"),
        "GetParametersByPath": [parameter("Path")],
    }.get(operation, [parameter("Name")])
    if "Parameter" in operation and operation != "DescribeParameters":
        return [Resource(_arn(place, "ssm", f"parameter/{str(name).lstrip('/')}")) for name in names or []]
    if operation == "SendCommand":
        document = str(parameter("DocumentName"))
        is_arn = document.startswith("arn:")
        return [
            Resource(document if is_arn else _arn(place, "ssm", f"document/{document}")),
            *(instance(place, each) for each in parameter("InstanceIds") or []),
        ]
    return EVERYTHING if operation.startswith(("Describe", "List", "GetCommandInvocation")) else UNKNOWN


def _cloudformation(place: Place, _operation: str, parameter: Parameter) -> Iterable[Resource]:
    name = parameter("StackName")
    if not name:
        return EVERYTHING
    if str(name).startswith("arn:"):
        return [Resource(str(name))]
    stacks = cloudformation_backends[place.account][place.region].stacks.values()
    known = next((stack.stack_id for stack in stacks if stack.name == name), None)
    return [Resource(known or _arn(place, "cloudformation", f"stack/{name}/*"))]


def _logs(place: Place, _operation: str, parameter: Parameter) -> Iterable[Resource]:
    group = parameter("logGroupName")
    if not group:
        return UNKNOWN
    stream = parameter("logStreamName") or ""
    return [Resource(_arn(place, "logs", f"log-group:{group}:log-stream:{stream}"))]


def _ec2(place: Place, operation: str, parameter: Parameter) -> Iterable[Resource]:
    if operation.startswith("Describe"):
        return EVERYTHING
    ec2 = ec2_backends[place.account][place.region]
    instance_ids = [parameter("InstanceId")] if parameter("InstanceId") else []
    if operation == "AssociateAddress":
        interfaces = [parameter("NetworkInterfaceId")] if parameter("NetworkInterfaceId") else []
        # The address is put on the instance's primary interface: EC2 asks for all three.
        interfaces += [
            each.nics[0].id for each in ec2.all_instances() if each.id in instance_ids and not interfaces
        ]
        return [
            *_addresses(place, parameter("AllocationId")),
            *(instance(place, each) for each in instance_ids),
            *(Resource(_arn(place, "ec2", f"network-interface/{each}")) for each in interfaces),
        ]
    if operation in ("TerminateInstances", "StopInstances", "StartInstances", "RebootInstances"):
        return [instance(place, each) for each in parameter("InstanceIds") or parameter("InstanceId") or []]
    return UNKNOWN


def _addresses(place: Place, allocation_id: str | None) -> list[Resource]:
    return [
        Resource(_arn(place, "ec2", f"elastic-ip/{eip.allocation_id}"), _tags("ec2", eip.get_tags()))
        for eip in ec2_backends[place.account][place.region].addresses
        if eip.allocation_id == allocation_id
    ]


def instance(place: Place, instance_id: str) -> Resource:
    found = ec2_backends[place.account][place.region].get_instance_by_id(instance_id)
    return Resource(
        _arn(place, "ec2", f"instance/{instance_id}"),
        {**_tags("ec2", found.get_tags()), **_tags("ssm", found.get_tags())} if found else {},
    )


def _autoscaling(place: Place, operation: str, parameter: Parameter) -> Iterable[Resource]:
    if operation.startswith("Describe"):
        return EVERYTHING
    wanted = parameter("AutoScalingGroupName")
    return [
        Resource(
            group.arn,
            _tags("autoscaling", [{"key": tag["Key"], "value": tag["Value"]} for tag in group.tags]),
        )
        for group in autoscaling_backends[place.account][place.region].autoscaling_groups.values()
        if group.name == wanted
        or any(state.instance.id == parameter("InstanceId") for state in group.instance_states)
    ] or list(UNKNOWN)


def _sns(_place: Place, _operation: str, parameter: Parameter) -> Iterable[Resource]:
    arn = parameter("TopicArn")
    return [Resource(str(arn))] if arn else UNKNOWN


def _cloudwatch(_place: Place, operation: str, _parameter: Parameter) -> Iterable[Resource]:
    return EVERYTHING if operation in ("PutMetricData", "GetMetricData", "ListMetrics") else UNKNOWN


def _sts(_place: Place, operation: str, parameter: Parameter) -> Iterable[Resource]:
    return [Resource(str(parameter("RoleArn")))] if operation == "AssumeRole" else EVERYTHING


_RESOURCES: Mapping[str, Callable[[Place, str, Parameter], Iterable[Resource]]] = {
    "autoscaling": _autoscaling,
    "cloudformation": _cloudformation,
    "cloudwatch": _cloudwatch,
    "ec2": _ec2,
    "logs": _logs,
    "sns": _sns,
    "ssm": _ssm,
    "sts": _sts,
}


def _arn(place: Place, service: str, rest: str) -> str:
    return f"arn:aws:{service}:{place.region}:{place.account}:{rest}"


def _tags(service: str, tags: Iterable[Mapping[str, str]]) -> dict[str, tuple[str, ...]]:
    return {
        f"{prefix}:resourcetag/{tag['key'].lower()}": (tag["value"],)
        for tag in tags
        for prefix in ("aws", service)
    }
