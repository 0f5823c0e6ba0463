"""The golden root: a host's root file system with the product installed, so that later hosts boot in seconds."""

import shutil
from pathlib import Path

from rehearsal.contract import product
from rehearsal.machine import roots
from rehearsal.machine.root_layers import Root, Say, contents, digest, made, place_of, run_to_layer
from rehearsal.machine.workplace import Workplace


def golden(workplace: Workplace, say: Say, release: str = roots.RELEASE) -> Root:
    """The base after the product's installation. Its layer exists once make_golden() has run."""
    below = roots.base(workplace, say, release)
    inputs = (product.USERDATA / product.INSTALL, *sorted(product.USERDATA.rglob(product.PINNED_PACKAGES)))
    key = digest(below.key, *contents(inputs))
    name = f"{release}-golden"
    return below.with_layer(place_of(workplace, name, key), name, key)


def make_golden(workplace: Workplace, say: Say, release: str = roots.RELEASE) -> None:
    """Run the product's installation above the base, without starting a service. Its services start with the host;
    on a fresh image the installation starts them: one host must install on the base."""
    below, finished = roots.base(workplace, say, release), golden(workplace, say, release)

    def make(directory: Path) -> None:
        inside = product.HOME.strip("/")
        shutil.copytree(product.USERDATA, directory / inside)
        run_to_layer(below, directory, ([f"{product.HOME}/{product.INSTALL}"], ["apt-get", "clean"]))
        # The host brings its own copy, from the deployed asset.
        for brought in sorted(product.USERDATA.rglob("*"), reverse=True):
            there = directory / inside / brought.relative_to(product.USERDATA)
            if brought.is_file():
                there.unlink(missing_ok=True)
            elif there.is_dir() and not any(there.iterdir()):
                there.rmdir()

    made(workplace, finished.name, finished.key, make, say)


def stocked(workplace: Workplace, say: Say) -> Root:
    """The base with the packages of the product's installation downloaded and none of them installed. It shows what
    an installation costs apart from the network."""
    below = roots.base(workplace, say)
    make_golden(workplace, say)
    finished = golden(workplace, say)
    key = digest(finished.key)
    packages = sorted(installed_packages(finished.layers[0]) - installed_packages(below.layers[0]))
    download = ["apt-get", "install", "--yes", "--quiet", "--no-install-recommends", "--download-only", *packages]

    def make(directory: Path) -> None:
        run_to_layer(below, directory, (["apt-get", "update", "--quiet"], download), keep_lists=True)

    return below.with_layer(made(workplace, "stocked", key, make, say), "stocked", key)


def installed_packages(root: Path) -> frozenset[str]:
    found = set()
    for entry in (root / "var/lib/dpkg/status").read_text().split("\n\n"):
        lines = [line for line in entry.splitlines() if not line.startswith(" ")]
        fields = dict(line.split(": ", 1) for line in lines if ": " in line)
        if fields.get("Status") == "install ok installed":
            found.add(fields["Package"])
    return frozenset(found)
