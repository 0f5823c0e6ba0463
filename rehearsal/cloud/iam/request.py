"""A request in IAM's words: actions on resources, with the context of conditions.

Each service's resources.py translates the service's operations:
https://docs.aws.amazon.com/service-authorization/latest/reference/
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from moto.core.responses import BaseResponse

from rehearsal.cloud.core.scope import Scope
from rehearsal.cloud.iam.policy import Context, Resource

UNKNOWN = (Resource(None),)
# "*" is all that policies for these can name; a statement for one resource does not allow them.
EVERYTHING = (Resource("*"),)
# Lambda's REST protocol names the function in the path.
_FUNCTION_PATH = re.compile(r"/functions/([^/]+)")


@dataclass(frozen=True, slots=True)
class Ask:
    action: str
    resources: Iterable[Resource] = UNKNOWN
    context: Context = field(default_factory=dict)


Parameter = Callable[[str], Any]
# From the operation and its parameters: first the action itself, then the further actions that it needs.
Asks = Callable[[Scope, str, Parameter], Iterable[Ask]]


def tag_context(service: str, tags: Iterable[Mapping[str, str]]) -> Context:
    """A resource's tags as condition keys, those of the service and the global ones."""
    return {
        f"{prefix}:resourcetag/{tag['key'].lower()}": (tag["value"],) for tag in tags for prefix in ("aws", service)
    }


def parameters_of(response: BaseResponse) -> Parameter:
    """The request's parameters, whatever the protocol."""
    try:
        body: Mapping[str, Any] = json.loads(response.body) if response.body else {}
    except ValueError:
        body = {}

    def parameter(name: str) -> Any:
        if name == "FunctionName" and (found := _FUNCTION_PATH.search(response.path)):
            return unquote(found[1])
        if isinstance(body, dict) and name in body:
            return body[name]
        value = response.querystring.get(name)
        if value:
            return value[0]
        # Lists of the query protocols: InstanceId.1, InstanceIds.member.1.
        stem = name.removesuffix("s")
        return [
            values[0]
            for key, values in response.querystring.items()
            if key.startswith((f"{name}.", f"{stem}.")) and key.rsplit(".", 1)[-1].isdigit()
        ]

    return parameter
