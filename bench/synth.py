"""Time and peak memory of one warm synth.

The targets are about the app, `python app.py`; the second row adds the command line that runs it. Memory is measured
twice: the largest process, as `/usr/bin/time -v` shows it, which the target is about, and the command with all its
processes together (PSS, sampled: shared pages count once). The first run of each is not counted, because it fills the
caches of Python and jsii.
"""

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import page
from bench.page import Target
from rehearsal.contract.product import PROJECT
from rehearsal.machine.root_layers import Say
from rehearsal.room.isolation import family

BINARIES = PROJECT / ".venv" / "bin"
SETTINGS = {"domain_name": "registry.example.com", "alert_email": "you@example.com"}
APP = "python app.py"
RUNS = 5
SAMPLE_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Run:
    seconds: float
    largest_megabytes: float
    together_megabytes: float


def synth_environment(output: str) -> dict[str, str]:
    """The environment in which `python app.py` writes the templates and assets into the folder `output`."""
    context = json.loads((PROJECT / "cdk.json").read_text())["context"] | SETTINGS
    return {
        **os.environ,
        "PATH": f"{BINARIES}:{os.environ['PATH']}",
        "CDK_CONTEXT_JSON": json.dumps(context),
        "CDK_OUTDIR": output,
        "CDK_DISABLE_CLI_TELEMETRY": "true",
    }


def run(command: Sequence[str], environment: Mapping[str, str]) -> Run:
    started = time.monotonic()
    together = 0
    with tempfile.TemporaryFile("w+") as printed:
        process = subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=printed, stderr=printed)
        while not (ended := os.wait4(process.pid, os.WNOHANG))[0]:
            together = max(together, sum(map(proportional_bytes, family(process.pid))))
            time.sleep(SAMPLE_SECONDS)
        seconds = time.monotonic() - started
        _, status, usage = ended
        if status:
            printed.seek(0)
            raise RuntimeError(f"{' '.join(command)} failed:\n{printed.read()}")
    return Run(seconds, usage.ru_maxrss * 1024 / 1e6, together / 1e6)


def proportional_bytes(pid: int) -> int:
    """The process's share of memory; 0 if it has ended."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) * 1024 for line in rollup.splitlines() if line.startswith("Pss:")), 0)


def measure(arguments: argparse.Namespace, say: Say) -> bool:
    """Returns whether the app keeps its targets."""
    settings = [part for key, value in SETTINGS.items() for part in ("-c", f"{key}={value}")]
    runs: dict[str, list[Run]] = {}
    with tempfile.TemporaryDirectory() as output:
        for name, command in (
            (APP, ["python", "app.py"]),
            ("npx cdk synth", ["npx", "--no-install", "cdk", "synth", "--quiet", f"--output={output}", *settings]),
        ):
            say(f"{name}: {RUNS} runs after the first …")
            runs[name] = [run(command, synth_environment(output)) for _ in range(RUNS + 1)][1:]
    header = ("command", "seconds: median (worst)", "MB: largest process", "MB: together")
    medians = {name: statistics.median(each.seconds for each in of) for name, of in runs.items()}
    largest = {name: max(each.largest_megabytes for each in of) for name, of in runs.items()}
    rows = []
    for name, of in runs.items():
        seconds = f"{medians[name]:.1f} ({max(each.seconds for each in of):.1f})"
        rows.append([name, seconds, f"{largest[name]:.0f}", f"{max(each.together_megabytes for each in of):.0f}"])
    targets = (
        Target(f"`{APP}`, median", 3, [medians[APP]], unit=" s"),
        Target(f"`{APP}`, largest process", 250, [largest[APP]], unit=" MB"),
    )
    return page.report(arguments.output, "synth", {"Warm synth": page.table(header, rows)}, targets)
