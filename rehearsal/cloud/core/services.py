"""The emulated services: each package beside this one.

The package of a service has, where it needs them, ``resources`` with TYPES, its CloudFormation types, and with asks()
and SIGNING_NAME, what a request to it asks for; and ``patches`` with patch(), what it does otherwise than moto.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules
from typing import Any

from moto.cloudformation.parsing import get_model_map

import rehearsal.cloud
from rehearsal.cloud.cloudformation.resource_type import MotoType, ResourceType
from rehearsal.cloud.core.patches import Patches
from rehearsal.cloud.core.regions import Regions
from rehearsal.cloud.iam.request import Asks

SERVICES = tuple(each.name for each in iter_modules(rehearsal.cloud.__path__) if each.ispkg and each.name != "core")


class UnknownTypeError(Exception):
    pass


@cache
def resource_types() -> Mapping[str, ResourceType]:
    """The types that are not moto's own, by name."""
    return {name: type_ for each in _modules("resources") for name, type_ in getattr(each, "TYPES", {}).items()}


def type_named(name: str) -> ResourceType:
    """Raises UnknownTypeError: neither the rehearsal nor moto has it: the stack fails."""
    if found := resource_types().get(name):
        return found
    if name in get_model_map():
        return MotoType()
    raise UnknownTypeError(f"{name} is a resource type the rehearsal's AWS does not have: add it in rehearsal/cloud")


def asks() -> Mapping[str, Asks]:
    """By the service's name in a signature. S3's protocol has no operations: the gate treats it apart."""
    return {each.SIGNING_NAME: each.asks for each in _modules("resources") if hasattr(each, "SIGNING_NAME")}


def patch(patches: Patches, regions: Regions) -> None:
    for each in _modules("patches"):
        each.patch(patches, regions)


def _modules(name: str) -> Iterator[Any]:
    for service in SERVICES:
        module = f"rehearsal.cloud.{service}.{name}"
        if find_spec(module):
            yield import_module(module)
