"""A whole registry: its four stacks, each built from the ones before, and its copy in another region."""

from pathlib import Path

from constructs import Construct

from stacks.dns import DnsStack
from stacks.host.stack import HostStack
from stacks.operations.stack import OperationsStack
from stacks.replica import ReplicaStack
from stacks.settings.settings import Settings
from stacks.storage import StorageStack


def add_registry(scope: Construct, settings: Settings, *, userdata: Path, lambdas: Path) -> None:
    prefix = settings.name_prefix
    storage = StorageStack(scope, f"{prefix}-storage", settings=settings)
    if region := settings.replica_region:
        remove = settings.remove_data
        copy = ReplicaStack(scope, f"{prefix}-replica", name_prefix=prefix, region=region, remove_data=remove)
        # S3 takes no rule for a bucket that does not exist.
        storage.add_stack_dependency(copy)
    dns = DnsStack(scope, f"{prefix}-dns", domain_name=settings.domain_name, hosted_zone=settings.hosted_zone)
    # `cdk destroy --all` goes backwards and stops at the protected storage: by then it has released the address.
    dns.add_stack_dependency(storage)
    host = HostStack(scope, f"{prefix}-host", settings=settings, storage=storage, dns=dns, userdata=userdata)
    watch = OperationsStack(scope, f"{prefix}-operations", settings=settings, storage=storage, dns=dns, lambdas=lambdas)
    # The first health check finds a host that has already served a push and a pull.
    watch.add_stack_dependency(host)
