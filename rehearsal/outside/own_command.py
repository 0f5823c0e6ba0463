"""The product's own commands, as a person runs them on this machine: by the real names of AWS."""

import os
import subprocess
import sys
from collections.abc import Mapping

from rehearsal.contract import product
from rehearsal.outside.world import World


def run(world: World, *argv: str) -> subprocess.CompletedProcess[str]:
    """``argv`` is what follows ``python``."""
    return subprocess.run(
        world.command([sys.executable, *argv], product.PROJECT),
        env={**_without_aws(os.environ), **_of_a_person(world)},
        capture_output=True,
        text=True,
        input="",
        timeout=180,
    )


def _without_aws(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if not name.startswith("AWS_")}


def _of_a_person(world: World) -> dict[str, str]:
    """Keys and a region, and no endpoint: the world's DNS leads AWS's names to the emulated AWS."""
    variables = world.state.profile.environment()
    del variables["AWS_ENDPOINT_URL"]
    bundle = world.state.ca_bundle
    path = f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}"  # noqa: PTH120  not the file that a link leads to
    return {**variables, "AWS_CA_BUNDLE": bundle, "REQUESTS_CA_BUNDLE": bundle, "PATH": path}
