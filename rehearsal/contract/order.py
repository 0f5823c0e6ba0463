"""The order for a world: the person's side writes it as a file, and the world's own process reads it."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rehearsal.machine.parts import Part
from rehearsal.machine.registry_image import RegistryImage
from rehearsal.machine.root_layers import Root


@dataclass(frozen=True, slots=True)
class Order:
    """``zone`` is the hosted zone that exists before any deployment, ``images`` are offered by the image registry.

    ``functions`` is the folder of AWS Lambda's runtime. A host boots from the first of ``host_roots`` that exists.
    """

    domain: str
    zone: str
    images: tuple[RegistryImage, ...]
    parts: Mapping[str, Part]
    host_roots: tuple[Root, ...]
    internet_root: Root
    functions: Path

    def write(self, path: Path) -> None:
        """For the world's process to read."""
        path.write_text(json.dumps(asdict(self), default=str))

    @classmethod
    def read(cls, path: Path) -> "Order":
        """What write() wrote."""
        read = json.loads(path.read_text())
        return cls(
            domain=read["domain"],
            zone=read["zone"],
            images=tuple(
                RegistryImage(**{**each, "layout": Path(each["layout"])}) for each in read["images"]
            ),
            parts={
                name: Part(**{**each, "path": Path(each["path"]) if each["path"] else None})
                for name, each in read["parts"].items()
            },
            host_roots=tuple(map(_root, read["host_roots"])),
            internet_root=_root(read["internet_root"]),
            functions=Path(read["functions"]),
        )


def _root(read: Mapping[str, Any]) -> Root:
    return Root(read["name"], read["key"], tuple(map(Path, read["layers"])))
