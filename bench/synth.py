#!/usr/bin/env python3
"""Time and peak memory of one warm synth.

The targets are about the app, `python app.py`; the second row adds the command line that runs it.
Two memories: the largest process, as `/usr/bin/time -v` shows it, which the target is about, and what the
command and all it started hold together (PSS, sampled: shared pages count once). The first run of each is not
counted: it fills the caches of Python and jsii.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
BINARIES = PROJECT / ".venv" / "bin"
SETTINGS = {"domain_name": "registry.example.com", "alert_email": "you@example.com"}
APP = "python app.py"
RUNS = 5
SAMPLE_SECONDS = 0.02
MOST_SECONDS = 3.0
MOST_MEGABYTES = 250.0


@dataclass(frozen=True, slots=True)
class Run:
    seconds: float
    largest_megabytes: float
    together_megabytes: float


def measure(command: list[str], environment: dict[str, str]) -> Run:
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
            sys.exit(f"{' '.join(command)} failed:\n{printed.read()}")
    return Run(seconds, usage.ru_maxrss * 1024 / 1e6, together / 1e6)


def family(pid: int) -> list[int]:
    """The process and all its descendants that are still there."""
    try:
        threads = list(Path(f"/proc/{pid}/task").iterdir())
        children = [int(child) for thread in threads for child in (thread / "children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [pid, *(member for child in children for member in family(child))]


def proportional_bytes(pid: int) -> int:
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) * 1024 for line in rollup.splitlines() if line.startswith("Pss:")), 0)


def main() -> None:
    context = json.loads((PROJECT / "cdk.json").read_text())["context"] | SETTINGS
    arguments = [part for key, value in SETTINGS.items() for part in ("-c", f"{key}={value}")]
    with tempfile.TemporaryDirectory() as output:
        environment = {
            **os.environ,
            "PATH": f"{BINARIES}:{os.environ['PATH']}",
            "CDK_CONTEXT_JSON": json.dumps(context),
            "CDK_OUTDIR": output,
            "CDK_DISABLE_CLI_TELEMETRY": "true",
        }
        commands = {
            APP: [str(BINARIES / "python"), "app.py"],
            "npx cdk synth": [
                "npx",
                "--no-install",
                "cdk",
                "synth",
                "--quiet",
                f"--output={output}",
                *arguments,
            ],
        }
        print("| command | seconds: median (worst) | MB: largest process | MB: together |")
        print("|---|---|---|---|")
        for name, command in commands.items():
            runs = [measure(command, environment) for _ in range(RUNS + 1)][1:]
            seconds = sorted(run.seconds for run in runs)
            largest = max(run.largest_megabytes for run in runs)
            together = max(run.together_megabytes for run in runs)
            median = seconds[RUNS // 2]
            print(f"| {name} | {median:.1f} ({seconds[-1]:.1f}) | {largest:.0f} | {together:.0f} |")
            if name == APP and (median > MOST_SECONDS or largest > MOST_MEGABYTES):
                sys.exit(f"Over {MOST_SECONDS:.0f} s or {MOST_MEGABYTES:.0f} MB")


if __name__ == "__main__":
    main()
