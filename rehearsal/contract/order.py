"""The order for a world: the person's side writes it as a file, and the world's own process reads it."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import cattrs

from rehearsal.machine.parts import Part
from rehearsal.machine.registry_image import RegistryImage
from rehearsal.machine.root_layers import Root


@dataclass(frozen=True, slots=True)
class Order:
    """``zone`` is the hosted zone that exists before any deployment, ``images`` are offered by the image registry.
    ``functions`` is the folder of AWS Lambda's runtime. A host boots from the first of ``host_roots`` that exists;
    they are of the Debian ``host_release``."""

    domain: str
    zone: str
    images: tuple[RegistryImage, ...]
    parts: Mapping[str, Part]
    host_roots: tuple[Root, ...]
    internet_root: Root
    functions: Path
    host_release: str

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), default=str))

    @classmethod
    def read(cls, path: Path) -> "Order":
        return cattrs.structure(json.loads(path.read_text()), cls)
