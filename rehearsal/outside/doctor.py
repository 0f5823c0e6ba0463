"""The person's doctor: the product's own look at the account, run as README.md says, by the real names of AWS."""

import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from rehearsal.contract import product
from rehearsal.contract.aws_profile import AwsProfile
from rehearsal.outside.world import ALERT_EMAIL, World


@dataclass(frozen=True, slots=True)
class Report:
    """``lines`` are the findings: each begins with its word. ``price`` is what a month costs, in US dollars."""

    exit_code: int
    text: str

    @property
    def lines(self) -> tuple[str, ...]:
        words = (product.DOCTOR_OK, product.DOCTOR_WARNING, product.DOCTOR_FAILURE, "?")
        findings = self.text.partition("\n\n")[0].splitlines()
        return tuple(line for line in findings if line.split(maxsplit=1)[:1] in [[word] for word in words])

    @property
    def price(self) -> str:
        return next((line.split()[0] for line in self.text.splitlines() if product.DOCTOR_TOTAL in line), "")

    def with_word(self, word: str) -> tuple[str, ...]:
        return tuple(line for line in self.lines if line.split(maxsplit=1)[0] == word)


def ask(world: World, person: AwsProfile | None = None, **changed_settings: str) -> Report:
    """With the keys of ``person``, or with the administrator's."""
    state = world.state
    mine = product.settings(domain=state.domain, zone=state.zone, email=ALERT_EMAIL)
    # The image registry has the image of this machine alone.
    settings = {**mine, **product.HOST_LIKE_THIS_MACHINE[platform.machine()], **changed_settings}
    context = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
    done = subprocess.run(
        world.command([sys.executable, *product.DOCTOR, *context], product.PROJECT),
        env={**_without_aws(os.environ), **_of_a_person(world, person or state.profile)},
        capture_output=True,
        text=True,
        timeout=180,
    )
    return Report(done.returncode, done.stdout + done.stderr)


def _without_aws(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if not name.startswith("AWS_")}


def _of_a_person(world: World, person: AwsProfile) -> dict[str, str]:
    """Keys and a region, and no endpoint: the world's DNS leads AWS's names to the emulated AWS."""
    variables = person.environment()
    del variables["AWS_ENDPOINT_URL"]
    bundle = world.state.ca_bundle
    path = f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}"  # noqa: PTH120  not the file that a link leads to
    return {**variables, "AWS_CA_BUNDLE": bundle, "REQUESTS_CA_BUNDLE": bundle, "PATH": path}
