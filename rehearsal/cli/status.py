"""``status``: what runs, and how to reach it."""

import argparse
import json

from rehearsal.cli.command import Command, add_json
from rehearsal.machine.workplace import Workplace
from rehearsal.outside.world import World

FOR_PEOPLE = """
The registry {domain} runs at {address}, in a world of its own. In that world:
  python -m rehearsal client -- docker login --username {username} --password {password} {domain}
  python -m rehearsal client -- skopeo list-tags docker://{domain}/NAME
From this machine:
  curl --resolve {domain}:443:{address} --cacert {ca_bundle} --user {username} https://{domain}/v2/_catalog
On the server:
  python -m rehearsal exec -- docker ps
The emulated AWS:
  AWS_ENDPOINT_URL={aws_endpoint_url}
End it:
  python -m rehearsal down"""


def print_for_people(world: World) -> None:
    print(FOR_PEOPLE.format(**world.status()))


def _show(workplace: Workplace, arguments: argparse.Namespace) -> int:
    world = World.running(workplace)
    if arguments.json:
        print(json.dumps(world.status(), indent=2))
    else:
        print_for_people(world)
    return 0


STATUS = Command("status", "what runs, and how to reach it", _show, add_json)
