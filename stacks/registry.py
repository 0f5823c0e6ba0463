"""A whole registry: its stacks, and what each hands to the next."""

from pathlib import Path

from constructs import Construct

from stacks.dns import Dns
from stacks.host.stack import Host
from stacks.operations.stack import Operations
from stacks.settings.settings import Settings
from stacks.storage import Storage


def add_registry(scope: Construct, settings: Settings, *, userdata: Path, lambdas: Path) -> None:
    storage = Storage(scope, f"{settings.name_prefix}-storage", remove_data=settings.remove_data)
    dns = Dns(
        scope,
        f"{settings.name_prefix}-dns",
        domain_name=settings.domain_name,
        hosted_zone=settings.hosted_zone,
    )
    host = Host(
        scope,
        f"{settings.name_prefix}-host",
        settings=settings,
        images=storage.images,
        state=storage.state,
        log_group=storage.host_log,
        address=dns.address,
        userdata=userdata,
    )
    operations = Operations(
        scope,
        f"{settings.name_prefix}-operations",
        settings=settings,
        images=storage.images,
        state=storage.state,
        address=dns.address,
        lambdas=lambdas,
    )
    # Nobody watches a host that has not proven itself yet.
    operations.add_stack_dependency(host)
