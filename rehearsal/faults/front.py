"""Rules in front of the rehearsal's internet: what a stand-in answers in another way than it would by itself."""

from pathlib import Path

from rehearsal.contract import run_directory
from rehearsal.outside.world import World


def put_in_front(world: World, name: str, rule: str) -> None:
    """Put locations of nginx's configuration before every stand-in, until take_away()."""
    path = _rule(world, name)
    path.parent.mkdir(exist_ok=True)
    path.write_text(rule)
    _reload(world)


def take_away(world: World, name: str) -> None:
    _rule(world, name).unlink(missing_ok=True)
    _reload(world)


def _rule(world: World, name: str) -> Path:
    return world.workplace.run / run_directory.STAND_INS / f"faults/{name}.conf"


def _reload(world: World) -> None:
    world.client().run("nginx", "-p", "/srv", "-c", "/srv/nginx.conf", "-s", "reload")
