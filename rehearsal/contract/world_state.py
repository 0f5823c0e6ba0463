"""What the world's process says about itself: a file that it writes at each change, and the outside reads."""

import json
import os
from dataclasses import asdict, dataclass

import cattrs

from rehearsal.contract import run_directory
from rehearsal.contract.aws_profile import AwsProfile
from rehearsal.machine.workplace import Workplace


@dataclass(frozen=True, slots=True)
class Host:
    """A host of the registry. ``leader_pid`` is its process 1 as the world numbers it; None while it has no power."""

    id: str
    private_ip: str
    leader_pid: int | None


@dataclass(frozen=True, slots=True)
class WorldState:
    """``address`` is the Elastic IP, empty before a host has it. ``hosts`` are of the Debian ``host_release``, in the
    order in which they started. ``ca_bundle`` and ``client_*`` are paths on this machine; ``client_root`` is mounted in
    the world alone."""

    domain: str
    zone: str
    profile: AwsProfile
    ca_bundle: str
    client_root: str
    client_work: str
    address: str
    host_release: str
    hosts: tuple[Host, ...]

    def write(self, workplace: Workplace) -> None:
        """Readable by root alone, because keys are in it; a reader sees the old file or the new one."""
        path = workplace.run / run_directory.STATE
        draft = path.with_suffix(".draft")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(asdict(self), file, indent=2)
        draft.replace(path)

    @classmethod
    def read(cls, workplace: Workplace) -> "WorldState | None":
        """The last one written; None before the first."""
        try:
            return cattrs.structure(json.loads((workplace.run / run_directory.STATE).read_text()), cls)
        except FileNotFoundError:
            return None
