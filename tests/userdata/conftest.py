from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.relocated_host import RelocatedHost

Relocate = Callable[..., RelocatedHost]


@pytest.fixture
def relocate(tmp_path: Path) -> Iterator[Relocate]:
    hosts: list[RelocatedHost] = []

    def make(*replaced: str) -> RelocatedHost:
        hosts.append(RelocatedHost(tmp_path, *replaced))
        return hosts[-1]

    yield make
    for host in hosts:
        host.front_door.close()
