"""The product's own commands, as a person runs them on this machine: by the real names of AWS."""

import os
import subprocess
import sys

from rehearsal.contract import product
from rehearsal.contract.aws_profile import AwsProfile, without_aws
from rehearsal.outside.world import World


def run(world: World, *argv: str, person: AwsProfile | None = None) -> subprocess.CompletedProcess[str]:
    """``argv`` is what follows ``python``. With the keys of ``person``, or with the administrator's."""
    return subprocess.run(
        world.command([sys.executable, *argv], product.PROJECT),
        env={**without_aws(os.environ), **_of_a_person(world, person or world.state.profile)},
        capture_output=True,
        text=True,
        input="",
        timeout=180,
    )


def _of_a_person(world: World, person: AwsProfile) -> dict[str, str]:
    """Keys and a region, and no endpoint: the world's DNS leads AWS's names to the emulated AWS."""
    variables = person.environment()
    del variables["AWS_ENDPOINT_URL"]
    bundle = world.state.ca_bundle
    path = f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}"  # noqa: PTH120  not the file that a link leads to
    return {**variables, "AWS_CA_BUNDLE": bundle, "REQUESTS_CA_BUNDLE": bundle, "PATH": path}
