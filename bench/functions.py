#!/usr/bin/env python3
"""Size of the functions' package as it is deployed, and how long its handlers take to import.

The asset is the one that `cdk synth` makes. Imports are timed in a fresh process each, with the modules compiled, as
AWS does it: all of a handler, and what is left of it where boto3, which AWS's runtime brings, is there already.
"""

import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
SETTINGS = {"domain_name": "registry.example.com", "alert_email": "you@example.com"}
HANDLERS = ("check_health", "renew_certificate")
RUNS = 9
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
    context = json.loads((PROJECT / "cdk.json").read_text())["context"] | SETTINGS
    environment = {**os.environ, "CDK_CONTEXT_JSON": json.dumps(context), "CDK_OUTDIR": str(output)}
    subprocess.run([sys.executable, "app.py"], cwd=PROJECT, env=environment, check=True, capture_output=True)
    return next(folder.parent for folder in output.glob("asset.*/lambdas") if folder.is_dir())


def zipped_bytes(folder: Path) -> int:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder))
    return len(file.getvalue())


def import_milliseconds(folder: Path, handler: str, before: str) -> float:
    code = IMPORT.format(package=str(folder), before=before, handler=handler)
    times = []
    for _ in range(RUNS + 1):
        done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
        times.append(float(done.stdout))
    # The first compiles.
    return statistics.median(times[1:])


def main() -> None:
    with tempfile.TemporaryDirectory() as output:
        folder = package(Path(output))
        print("| package | KB |")
        print("|---|---|")
        print(f"| zipped, Powertools included | {zipped_bytes(folder) / 1000:.0f} |")
        print(f"| of it our own code | {zipped_bytes(folder / 'lambdas') / 1000:.0f} |")
        print(f"\n| handler | import ms | of it after boto3 |\n|---|---|---|")
        for handler in HANDLERS:
            whole, rest = (
                import_milliseconds(folder, handler, before) for before in ("", "import boto3, botocore.session")
            )
            print(f"| {handler} | {whole:.0f} | {rest:.0f} |")


if __name__ == "__main__":
    main()
