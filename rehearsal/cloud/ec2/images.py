"""The machine images of the emulated EC2 and the public parameters that name them."""

from moto.core.utils import utcnow
from moto.ec2.models import ec2_backends
from moto.ssm.models import Parameter, ssm_backends

from rehearsal.cloud.core.scope import Scope

CANONICAL = "099720109477"
RELEASES = ("24.04", "26.04")
ARCHITECTURES = {"arm64": "arm64", "amd64": "x86_64"}


def publish_ubuntu(scope: Scope) -> None:
    """One image for each release and architecture, under Canonical's parameter names.
    https://documentation.ubuntu.com/aws/aws-how-to/instances/find-ubuntu-images/
    """
    ec2 = scope.regional(ec2_backends)
    for release in RELEASES:
        for debian_name, ec2_name in ARCHITECTURES.items():
            image = ec2.register_image(
                name=f"ubuntu/images/hvm-ssd-gp3/ubuntu-{release}-{debian_name}-server-20261101",
                description=f"Canonical, Ubuntu, {release}, {debian_name}",
            )
            image.architecture = ec2_name
            image.owner_id = CANONICAL
            image.virtualization_type = "hvm"
            name = f"/aws/service/canonical/ubuntu/server/{release}/stable/current/{debian_name}/hvm/ebs-gp3/ami-id"
            # PutParameter refuses names under /aws, as it should: only AWS publishes there.
            scope.regional(ssm_backends)._parameters[name].append(
                Parameter(  # type: ignore[abstract]  # moto leaves what CloudFormation never asks for undefined
                    account_id=scope.account,
                    name=name,
                    value=image.id,
                    parameter_type="String",
                    description=None,
                    allowed_pattern=None,
                    keyid=None,
                    last_modified_date=utcnow(),
                    version=1,
                    data_type="aws:ec2:image",
                )
            )
