"""What can keep the functions from watching and alerting: the health user's login, the right to publish."""

from collections.abc import Mapping
from typing import Any

from rehearsal.contract import product
from rehearsal.faults.bucket import allow_again, deny
from rehearsal.faults.fault import Fault, Target
from rehearsal.outside.world import World

# bcrypt of a random password
HASH = "$2y$05$2GYQVdyDHqVfnbSMXY9ISeYuGmVmCGyUz0bYbWYRoFJX2vFYQwq1u"


def _health_parameter(world: World) -> str:
    return f"{product.parameter_path(world.domain)}/{product.HEALTH_USER_KEY}"


def _replace_password(world: World) -> str:
    """By a hash: the host takes it for a hash, and the health check for a password."""
    ssm, name = world.aws("ssm"), _health_parameter(world)
    before = str(ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"])
    ssm.put_parameter(Name=name, Value=HASH, Type="SecureString", Overwrite=True)
    Target.newest(world).do(product.SYNC_USERS)
    return before


def _restore_password(world: World, before: str) -> None:
    world.aws("ssm").put_parameter(Name=_health_parameter(world), Value=before, Type="SecureString", Overwrite=True)
    Target.newest(world).do(product.SYNC_USERS)


def _forbid_publishing(world: World) -> list[str]:
    functions = world.aws("lambda").list_functions()["Functions"]
    roles = sorted({str(each["Role"]).rsplit("/", 1)[-1] for each in functions})
    return [deny(world, role, "sns:Publish", "*") for role in roles]


def _let_publish(world: World, roles: Any) -> None:
    for role in roles:
        allow_again(world, role)


FAULTS: Mapping[str, Fault] = {
    "health-login-refused": Fault("the health user's password becomes a hash", _replace_password, _restore_password),
    "alerts-undelivered": Fault("the functions may not publish any more", _forbid_publishing, _let_publish),
}
