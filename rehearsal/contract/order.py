"""The order for a world: the person's side writes it as a file, and the world's own process reads it."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import cattrs

from rehearsal.contract.world_network import ADDRESS_LAG_SECONDS
from rehearsal.machine.parts import Part
from rehearsal.machine.registry_image import RegistryImage
from rehearsal.machine.root_layers import Root
from rehearsal.machine.roots import RELEASE


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person can choose of a world."""

    domain: str = "registry.example.com"
    host_release: str = RELEASE
    """The hosts' Debian."""

    troubles: tuple[str, ...] = ()
    """Of the first boot, by their names in rehearsal/first_boot."""

    host_memory_mib: int | None = None
    """None: as much as the machine has."""

    zones_without_type: tuple[str, ...] = ()
    """Availability Zones in which EC2 does not offer the registry's instance type."""

    address_lag_seconds: float = ADDRESS_LAG_SECONDS
    """How long an Elastic IP that moves leads nowhere."""

    other_region: str = ""
    """A second region of the account, in which the registry's copy can be; none usually, for it costs time."""

    @property
    def zone(self) -> str:
        """The hosted zone that exists before any deployment: the last two labels."""
        return ".".join(self.domain.split(".")[-2:])


@dataclass(frozen=True, slots=True)
class Order:
    """``images`` are offered by the image registry.
    ``functions`` is the folder of AWS Lambda's runtime. A host boots from the first of ``host_roots`` that exists."""

    choices: Choices
    images: tuple[RegistryImage, ...]
    parts: Mapping[str, Part]
    host_roots: tuple[Root, ...]
    internet_root: Root
    functions: Path

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), default=str))

    @classmethod
    def read(cls, path: Path) -> "Order":
        return cattrs.structure(json.loads(path.read_text()), cls)
