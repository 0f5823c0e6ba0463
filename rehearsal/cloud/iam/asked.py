"""Which action on which resources a request asks for, in IAM's words.

Per service: https://docs.aws.amazon.com/service-authorization/latest/reference/
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from moto.autoscaling.models import autoscaling_backends
from moto.cloudformation.models import cloudformation_backends
from moto.ec2.models import ec2_backends
from moto.sns.models import sns_backends

from rehearsal.cloud.core.values import Place
from rehearsal.cloud.iam.policy import Context, Resource

# Where the name in a signature is not the prefix of the actions.
PREFIXES = {"monitoring": "cloudwatch", "email": "ses"}
# Where IAM's name of an action is not the API's.
ACTIONS = {("lambda", "Invoke"): "InvokeFunction"}
UNKNOWN = (Resource(None),)
# "*" is all that policies for these can name; a statement for one resource does not allow them.
EVERYTHING = (Resource("*"),)

Parameter = Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class Ask:
    action: str
    resources: tuple[Resource, ...]
    context: Context


def asks(place: Place, service: str, operation: str, parameter: Parameter) -> tuple[Ask, ...]:
    """The action itself first, and then those that it needs besides."""
    prefix = PREFIXES.get(service, service)
    find = _RESOURCES.get(prefix)
    itself = Ask(
        action=f"{prefix}:{ACTIONS.get((prefix, operation), operation)}",
        resources=tuple(find(place, operation, parameter)) if find else UNKNOWN,
        context=_context(prefix, operation, parameter),
    )
    return (itself, *_asks_of_key(place, parameter)) if itself.action == "sns:Publish" else (itself,)


def _asks_of_key(place: Place, parameter: Parameter) -> Iterable[Ask]:
    """Who publishes to an encrypted topic uses its key.

    https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
    """
    topic = sns_backends[place.account][place.region].topics.get(str(parameter("TopicArn")))
    key = topic.kms_master_key_id if topic else ""
    if not key or key.startswith("alias/aws/"):
        return ()
    arn = key if key.startswith("arn:") else _arn(place, "kms", f"key/{key}")
    return (Ask(f"kms:{action}", (Resource(arn),), {}) for action in ("GenerateDataKey", "Decrypt"))


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
        return [_document(place, str(parameter("DocumentName"))), *_command_targets(place, parameter)]
    return EVERYTHING if operation.startswith(("Describe", "List", "GetCommandInvocation")) else UNKNOWN


def _document(place: Place, name: str) -> Resource:
    if name.startswith("arn:"):
        return Resource(name)
    owner = "" if name.startswith("AWS-") else place.account
    return Resource(f"arn:aws:ssm:{place.region}:{owner}:document/{name}")


def _command_targets(place: Place, parameter: Parameter) -> Iterable[Resource]:
    """Instances; of targets by tag, whichever have it, known by the tags that the request names.

    https://docs.aws.amazon.com/systems-manager/latest/userguide/run-command-setting-up.html
    """
    yield from (instance(place, each) for each in parameter("InstanceIds") or [])
    for target in parameter("Targets") or []:
        key, values = str(target["Key"]), target["Values"]
        if key.startswith("tag:"):
            for value in values:
                tags = _tags("ssm", [{"key": key.removeprefix("tag:"), "value": value}])
                yield Resource(_arn(place, "ec2", "instance/*"), tags)
        elif key == "InstanceIds":
            yield from (instance(place, each) for each in values)
        else:
            # Every instance of the account may be meant.
            yield Resource(_arn(place, "ec2", "instance/*"))


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


def _lambda(place: Place, _operation: str, parameter: Parameter) -> Iterable[Resource]:
    name = parameter("FunctionName")
    if not name:
        return EVERYTHING
    return [Resource(name if name.startswith("arn:") else _arn(place, "lambda", f"function:{name}"))]


def _sqs(place: Place, operation: str, parameter: Parameter) -> Iterable[Resource]:
    url = parameter("QueueUrl")
    name = str(url).rsplit("/", 1)[-1] if url else parameter("QueueName")
    return EVERYTHING if operation == "ListQueues" else [Resource(_arn(place, "sqs", str(name)))]


def _cloudwatch(_place: Place, operation: str, _parameter: Parameter) -> Iterable[Resource]:
    return EVERYTHING if operation in ("PutMetricData", "GetMetricData", "ListMetrics") else UNKNOWN


def _sts(_place: Place, operation: str, parameter: Parameter) -> Iterable[Resource]:
    return [Resource(str(parameter("RoleArn")))] if operation == "AssumeRole" else EVERYTHING


_RESOURCES: Mapping[str, Callable[[Place, str, Parameter], Iterable[Resource]]] = {
    "autoscaling": _autoscaling,
    "cloudformation": _cloudformation,
    "cloudwatch": _cloudwatch,
    "ec2": _ec2,
    "lambda": _lambda,
    "logs": _logs,
    "sns": _sns,
    "sqs": _sqs,
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
