"""The person's doctor: the product's own look at the account, run as README.md says."""

import platform
from dataclasses import dataclass

from rehearsal.contract import product
from rehearsal.outside import own_command
from rehearsal.outside.world import ALERT_EMAIL, World


@dataclass(frozen=True, slots=True)
class Report:
    """``lines`` are the findings: each begins with its word."""

    exit_code: int
    text: str

    @property
    def lines(self) -> tuple[str, ...]:
        words = (product.DOCTOR_OK, product.DOCTOR_WARNING, product.DOCTOR_FAILURE, "?")
        return tuple(
            line for line in self.text.splitlines() if line.split(maxsplit=1)[:1] in [[word] for word in words]
        )

    def with_word(self, word: str) -> tuple[str, ...]:
        return tuple(line for line in self.lines if line.split(maxsplit=1)[0] == word)


def ask(world: World, **changed_settings: str) -> Report:
    state = world.state
    mine = product.settings(domain=state.domain, zone=state.zone, email=ALERT_EMAIL)
    # The image registry has the image of this machine alone.
    settings = {**mine, **product.HOST_LIKE_THIS_MACHINE[platform.machine()], **changed_settings}
    context = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
    done = own_command.run(world, *product.DOCTOR, *context)
    return Report(done.returncode, done.stdout + done.stderr)
