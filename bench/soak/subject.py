"""Clients push and pull while the registry's processes, its host and its way to S3 are killed at random. Afterwards
every acknowledged push is pulled back, byte by byte.

It has a rehearsal of its own, and nothing is left of it but the report.
"""

import argparse
import random
import shutil
import ssl
import subprocess
import time
from contextlib import closing
from dataclasses import replace

from bench import page
from bench.rolling.engine import start_engine
from bench.soak import killer, ledger, report
from bench.soak.clients import Clients, Worker
from bench.soak.killer import Kill
from bench.soak.ledger import Ledger
from bench.soak.prober import Prober, outages
from bench.soak.report import Soak
from bench.soak.tools import CHUNKS, CRANE, DOCKER, SCRIPTS, SKOPEO, Place
from bench.soak.verification import fetcher, losses
from bench.soak.victims import victims
from rehearsal.contract import product
from rehearsal.machine.root_layers import Say
from rehearsal.machine.workplace import Workplace
from rehearsal.outside.client import Client
from rehearsal.outside.golden_root import make_golden
from rehearsal.outside.lifecycle import down, up
from rehearsal.outside.world import World
from rehearsal.story.deploying import bootstrap, deploy
from rehearsal.story.telling import keep_logs, story_in

MINUTES = 30
TOOLS = (DOCKER, SKOPEO, SKOPEO, CRANE, CRANE, CHUNKS)
BETWEEN_KILLS_SECONDS = (0.0, 8.0)
# Below the run directory, where logs are kept if the soak does not hold.
LEDGER = "logs/ledger.jsonl"
# Below the clients' folder.
FOLDER, FRESH = "soak", "fresh"


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--minutes", type=float, default=MINUTES, metavar="N", help=f"of load (default: {MINUTES})")
    about = "repeats the kinds and the order of kills, and the clients' choices (default: another one each time)"
    parser.add_argument("--seed", type=int, default=None, metavar="N", help=about)


def measure(arguments: argparse.Namespace, say: Say) -> bool:
    """Returns whether nothing that was acknowledged is lost."""
    seed = arguments.seed if arguments.seed is not None else random.SystemRandom().randrange(10**6)
    workplace = Workplace.of_this_machine()
    say(f"seed {seed}: a rehearsal for {arguments.minutes:g} minutes …")
    make_golden(workplace, say)
    world = up(workplace, lambda _: None, detached=False)
    try:
        story = story_in(world, lambda _: None)
        bootstrap(story)
        deploy(story)
        soak = _soak(world, arguments.minutes, seed, say)
        if not soak.holds:
            say(f"the logs of everything are in {keep_logs(workplace, world.keeper_pid)}")
    finally:
        down(workplace)
    page.report(arguments.output, "soak", report.sections(soak), report.targets(soak))
    return soak.holds


def _soak(world: World, minutes: float, seed: int, say: Say) -> Soak:
    client = world.client()
    say("starting docker beside the clients …")
    start_engine(client)
    place = _place(client)
    with closing(Ledger(world.workplace.run / LEDGER)) as written:
        workers = [
            Worker(place, tool, f"soak/{tool.name.partition(',')[0]}-{number}", written, _chance(f"{seed} {number}"))
            for number, tool in enumerate(TOOLS)
        ]
        for worker in workers:
            worker.begin()
        trust = ssl.create_default_context(cafile=world.state.ca_bundle)
        prober = Prober(world.domain, world.state.address, trust, client.login())
        with prober:
            with Clients(workers) as clients:
                kills = _kill(world, prober, clients, minutes, seed, say)
                say("the last operations come to their end …")
            looks = tuple(prober.looks)
    promised = ledger.promised(written.path)
    say(f"{len(promised)} tags and digests of acknowledged pushes are pulled back …")
    lost = losses(promised, fetcher(_fresh(world, place)), place.folder / FRESH)
    return Soak(
        minutes=minutes,
        seed=seed,
        operations=clients.operations,
        acknowledged=len(ledger.read(written.path)),
        kills=kills,
        outages=outages(looks),
        promised=len(promised),
        lost=lost,
        broken=tuple(clients.failed),
    )


def _kill(world: World, prober: Prober, clients: Clients, minutes: float, seed: int, say: Say) -> tuple[Kill, ...]:
    chance = _chance(str(seed))
    end = time.monotonic() + 60 * minutes
    kills: list[Kill] = []
    for victim in killer.order(victims(world), chance):
        time.sleep(chance.uniform(*BETWEEN_KILLS_SECONDS))
        if time.monotonic() > end:
            break
        kills.append(killed := killer.kill(victim, chance))
        well = prober.await_success(time.time(), victim.recovery_seconds)
        done = clients.operations
        say(
            f"kill {len(kills)}, {killed}; "
            f"{'well' if well else 'NOT WELL'} after {time.time() - killed.at:.1f} s | {len(done)} operations, "
            f"{sum(bool(each.failures) for each in done)} not at the first attempt"
        )
    return tuple(kills)


def _chance(seed: str) -> random.Random:
    return random.Random(seed)  # noqa: S311


def _place(client: Client) -> Place:
    """The clients' folder, with their scripts."""
    folder = client.work / FOLDER
    folder.mkdir()
    for script in SCRIPTS:
        shutil.copy(script, folder)
    shutil.copy(client.work / "netrc", folder)
    return Place(client.registry, folder, lambda argv: client.command(["env", f"--chdir=/work/{FOLDER}", *argv]))


def _fresh(world: World, place: Place) -> Place:
    """A client that has seen nothing yet."""
    fresh = replace(
        place, command=lambda argv: place.command(["env", f"DOCKER_CONFIG=/work/{FOLDER}/{FRESH}-login", *argv])
    )
    login = ["crane", "auth", "login", "--username", product.FIRST_USER, "--password-stdin", world.domain]
    subprocess.run(fresh.command(login), input=world.password(), text=True, check=True, capture_output=True)
    return fresh
