"""Size of the functions' package as it is deployed, and the time to import its handlers.

The asset is the one that `cdk synth` makes. Each import runs in a new process with compiled modules, as on AWS: once
in whole, and once after boto3, which AWS's runtime brings.
"""

import argparse
import io
import statistics
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from bench import page
from bench.synth import synth_environment
from rehearsal.contract.product import PROJECT
from rehearsal.machine.root_layers import Say

HANDLERS = ("check_health", "renew_certificate")
RUNS = 9
BOTO3 = "import boto3, botocore.session"
IMPORT = """
import sys, time
sys.path.insert(0, {package!r})
{before}
started = time.perf_counter()
import lambdas.{handler}
print((time.perf_counter() - started) * 1000)
"""


def package(output: Path) -> Path:
    """The folder that is zipped and deployed."""
    environment = synth_environment(str(output))
    subprocess.run([sys.executable, "app.py"], cwd=PROJECT, env=environment, check=True, capture_output=True)
    return next(folder.parent for folder in output.glob("asset.*/lambdas") if folder.is_dir())


def zipped_kilobytes(folder: Path) -> str:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder))
    return f"{len(file.getvalue()) / 1000:.0f}"


def import_milliseconds(folder: Path, handler: str, before: str) -> str:
    """The median of all runs but the first, which compiles."""
    code = IMPORT.format(package=str(folder), before=before, handler=handler)
    times = []
    for _ in range(RUNS + 1):
        done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
        times.append(float(done.stdout))
    return f"{statistics.median(times[1:]):.0f}"


def measure(arguments: argparse.Namespace, say: Say) -> bool:
    with tempfile.TemporaryDirectory() as output:
        folder = package(Path(output))
        whole, own = zipped_kilobytes(folder), zipped_kilobytes(folder / "lambdas")
        sizes = [["zipped, Powertools included", whole], ["of it our own code", own]]
        say(f"importing each handler {RUNS} times …")
        imports = [[each, *(import_milliseconds(folder, each, before) for before in ("", BOTO3))] for each in HANDLERS]
    sections = {
        "Size": page.table(("package", "KB"), sizes),
        "Imports": page.table(("handler", "import ms", "of it after boto3"), imports),
    }
    return page.report(arguments.output, "functions", sections)
