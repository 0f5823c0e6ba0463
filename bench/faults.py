"""The mails about faults in the rehearsal that is up: each fault alone, random pairs of faults, a healthy registry."""

import argparse
import random
import statistics

from bench import page
from bench.incidents import BESIDE_UNTOLD, UNTOLD, ImpossibleError, Incidents, cause_of
from bench.page import Target
from rehearsal.faults import FAULTS
from rehearsal.machine.root_layers import Say

REPAIR_TICKS, PAIR_REPAIR_TICKS = 5, 1
SEED = 20261124


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these faults, without a results page")
    parser.add_argument("--pairs", type=int, default=0, metavar="N", help="N random pairs of faults at once")
    parser.add_argument("--seed", type=int, default=SEED, help=f"of the pairs (default: {SEED})")
    parser.add_argument("--healthy", type=int, default=0, metavar="N", help="N ticks of a healthy registry")


def measure(arguments: argparse.Namespace, say: Say) -> bool:
    """Returns whether all mails are right."""
    if unknown := sorted(set(arguments.names) - set(FAULTS)):
        raise RuntimeError(f"no such fault: {', '.join(unknown)}. There are {', '.join(FAULTS)}")
    incidents = Incidents()
    if arguments.pairs:
        heading, text, target = measure_pairs(incidents, arguments.pairs, arguments.seed, say)
    elif arguments.healthy:
        heading, text, target = measure_healthy(incidents, arguments.healthy)
    else:
        heading, text, target = measure_each(incidents, arguments.names or list(FAULTS), say)
    if arguments.names:
        print(text)
        return target.verdict() == "kept"
    return page.report(arguments.output, "faults", {heading: text}, [target])


def measure_each(incidents: Incidents, names: list[str], say: Say) -> tuple[str, str, Target]:
    rows = []
    right = 0
    for name in names:
        broken = (name, BESIDE_UNTOLD) if name == UNTOLD else (name,)
        seen = incidents.run(*broken, repair_ticks=REPAIR_TICKS)
        right += seen.is_right
        expected = cause_of(name)
        told = "right" if expected == name else expected
        cause = told if seen.is_right else f"WRONG: {seen.named or 'no mail'}"
        mail = (str(seen.ticks_to_mail), f"{seen.seconds_to_mail:.1f}")
        repair = (seen.repaired_by, f"{seen.seconds_to_repair:.0f}") if seen.repaired_by else ("-", "")
        rows.append([name, cause, *mail, *repair, seen.kinds])
        say(" | ".join(rows[-1]))
    header = ("fault", "cause in the mail", "ticks to mail", "seconds", "repaired by", "seconds", "mails")
    target = share("each fault alone: first mails that name it", right, len(rows))
    return "Each fault alone", page.table(header, rows), target


def measure_pairs(incidents: Incidents, count: int, seed: int, say: Say) -> tuple[str, str, Target]:
    # A sorted list and the seed give the same pairs each time.
    names = sorted(name for name, fault in FAULTS.items() if name != UNTOLD and not fault.cause)
    draw = random.Random(seed)  # noqa: S311  nothing secret is drawn
    rows: list[list[str]] = []
    right = 0
    while len(rows) < count:
        pair = draw.sample(names, 2)
        both = " + ".join(pair)
        try:
            seen = incidents.run(*pair, repair_ticks=PAIR_REPAIR_TICKS)
        except ImpossibleError as impossible:
            say(f"{both} cannot be at once: {impossible}".splitlines()[0])
            continue
        right += seen.is_right
        cause = seen.named if seen.is_right else f"WRONG: {seen.named or 'no mail'}"
        rows.append([both, cause, str(seen.ticks_to_mail), seen.kinds])
        say(" | ".join(rows[-1]))
    target = share("two faults at once: first mails that name one of them", right, count)
    return ("Two faults at once", page.table(("pair", "cause in the mail", "ticks to mail", "mails"), rows), target)


def measure_healthy(incidents: Incidents, count: int) -> tuple[str, str, Target]:
    incidents.begin_well()
    mails = len(incidents.subjects())
    told = [incidents.tick() for _ in range(count)]
    sent = len(incidents.subjects(mails))
    milliseconds = [each.duration_milliseconds or 0 for each in told]
    run = f"{statistics.median(milliseconds):.0f} ({max(milliseconds):.0f})"
    start = f"{statistics.median(each.init_milliseconds or 0 for each in told):.0f}"
    row = [str(count), str(sent), run, start, str(max(each.memory_mib or 0 for each in told))]
    header = ("ticks", "mails", "ms: median (longest)", "ms of a cold start, on top", "MiB at most")
    return "A healthy registry", page.table(header, [row]), Target("healthy ticks: mails", 0, [sent])


def share(what: str, right: int, count: int) -> Target:
    return Target(what, 100, [100 * right / count], at_least=True, unit=" %")
