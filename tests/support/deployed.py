"""The product's templates, deployed into the emulated AWS, and clients with its roles' credentials."""

import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError
from moto.sts.models import AssumedRole

from rehearsal.cloud.iam import identity
from tests.support.assembly import STACKS, Assembly, unhashed
from tests.support.cloud_account import Account, running_account

BOOTSTRAP_VERSION = "/cdk-bootstrap/hnb659fds/version"
# Error codes of the JSON protocols, of EC2, and of S3 and the query protocols.
DENIALS = {"AccessDeniedException", "KMSAccessDeniedException", "UnauthorizedOperation", "AccessDenied"}

Calls = Mapping[str, Callable[[], Any]]


@dataclass(frozen=True, slots=True)
class DeployedProduct:
    account: Account
    roles: Mapping[str, str]
    """ARN by the role's name in the stacks, without its hash."""
    physical: Mapping[str, str]
    """Physical id by logical id, without its hash."""

    def session(self, role: str) -> AssumedRole:
        """The session of a service that took the role."""
        return identity.role_session(self.account.cloud.scope, self.roles[role], "test")

    def acting_as(self, role: str) -> Callable[[str], Any]:
        """Clients with such a session's credentials."""
        session = self.session(role)
        return lambda service: self.account.client(
            service,
            aws_access_key_id=session.access_key_id,
            aws_secret_access_key=session.secret_access_key,
            aws_session_token=session.session_token,
        )


def allowed(calls: Calls) -> set[str]:
    """The calls that are not denied; a call that fails for another reason counts as allowed."""
    return {name for name, call in calls.items() if not _denied(call)}


def _denied(call: Callable[[], Any]) -> bool:
    try:
        call()
    except ClientError as error:
        return error.response["Error"]["Code"] in DENIALS
    return False


@contextmanager
def deployed(assembly: Assembly) -> Iterator[DeployedProduct]:
    with running_account() as account:
        account.client("ssm").put_parameter(Name=BOOTSTRAP_VERSION, Value="30", Type="String")
        _publish_assets(account, assembly)
        with account.hosts_signal("SUCCESS"):
            for template in assembly.templates:
                name = template.path.name.removesuffix(".template.json")
                status = account.create(name, dict(template.body))
                if status != "CREATE_COMPLETE":
                    raise AssertionError(f"{name}: {status}, {account.reasons(name, name)}")
        described = (account.cloudformation.describe_stack_resources(StackName=f"registry-{stack}") for stack in STACKS)
        found = [resource for each in described for resource in each["StackResources"]]
        physical = {unhashed(each["LogicalResourceId"]): each["PhysicalResourceId"] for each in found}
        arns = {each["RoleName"]: each["Arn"] for each in account.client("iam").list_roles()["Roles"]}
        roles = {
            unhashed(each["LogicalResourceId"]): arns[each["PhysicalResourceId"]]
            for each in found
            if each["ResourceType"] == "AWS::IAM::Role"
        }
        yield DeployedProduct(account, roles, physical)


def _publish_assets(account: Account, assembly: Assembly) -> None:
    """As `cdk deploy` does, but empty: no test here reads them."""
    scope, empty = account.cloud.scope, io.BytesIO()
    with zipfile.ZipFile(empty, "w") as archive:
        archive.writestr("empty", "")
    s3, bucket = account.client("s3"), f"cdk-hnb659fds-assets-{scope.account}-{scope.region}"
    s3.create_bucket(Bucket=bucket)
    for manifest in assembly.folder.glob("*.assets.json"):
        for file in json.loads(manifest.read_text())["files"].values():
            for destination in file["destinations"].values():
                s3.put_object(Bucket=bucket, Key=destination["objectKey"], Body=empty.getvalue())
