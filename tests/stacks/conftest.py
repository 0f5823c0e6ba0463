"""The product's templates, synthesised once for each set of settings in a test run."""

import shutil
from functools import cache
from pathlib import Path

import pytest

from tests.support.assembly import PROJECT, Assembly, Synthesise, read_assembly, registry_app


@pytest.fixture(scope="session")
def synthesise(tmp_path_factory: pytest.TempPathFactory) -> Synthesise:
    """Synthesise with settings given by name, and optionally another ``userdata`` folder; no validator."""

    @cache
    def synthesised(userdata: Path = PROJECT / "userdata", **settings: str | bool) -> Assembly:
        folder = tmp_path_factory.mktemp("assembly")
        registry_app(folder, settings, userdata=userdata).synth()
        return read_assembly(folder, str(settings.get("name_prefix", "registry")))

    return synthesised


@pytest.fixture(scope="session")
def assembly(synthesise: Synthesise) -> Assembly:
    """With nothing but the needed settings."""
    return synthesise()


@pytest.fixture
def changed_userdata(tmp_path: Path) -> Path:
    """The host's scripts with a change in one that is not in the user data itself."""
    copy = tmp_path / "userdata"
    shutil.copytree(PROJECT / "userdata", copy)
    with (copy / "install").open("a") as script:
        script.write("# changed\n")
    return copy
