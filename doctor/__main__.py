"""``python -m doctor``: what would make the deployment fail, what is wrong with what runs, and what it costs."""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError

from doctor.account import DEFAULT_REGION, Account, clients, configured_region
from doctor.cost.month import Use, month
from doctor.cost.text import month_lines
from doctor.examination import examine
from doctor.finding import Outcome
from doctor.refusals import sentence
from doctor.report import line, summary
from stacks.settings.settings import Settings, SettingsError

CDK_JSON = Path(__file__).resolve().parents[1] / "cdk.json"


def read_context(changed: Sequence[str]) -> Mapping[str, object]:
    """The context of cdk.json, overridden by each ``key=value``."""
    context: dict[str, object] = json.loads(CDK_JSON.read_text())["context"]
    return context | dict(each.split("=", 1) for each in changed)


def main(arguments: Sequence[str]) -> int:
    """0: nothing stands in the way. 1: something does. 2: the settings or the command are wrong."""
    parser = argparse.ArgumentParser(prog="python -m doctor", description=__doc__)
    parser.add_argument(
        "-c", "--context", action="append", default=[], metavar="KEY=VALUE", help="a setting, as for `cdk deploy`"
    )
    parser.add_argument("--stored-gb", type=float, default=50, help="images in S3, for the price (default: 50)")
    parser.add_argument("--pulled-gb", type=float, default=50, help="pulls over the internet a month (default: 50)")
    given = parser.parse_args(arguments)
    if wrong := [each for each in given.context if "=" not in each]:
        parser.error(f"-c {wrong[0]!r}: expected KEY=VALUE")
    try:
        settings = Settings.from_context(read_context(given.context))
    except SettingsError as error:
        print(f"The settings (cdk.json, or -c key=value) cannot be deployed:\n\n{error}", file=sys.stderr)
        return 2
    try:
        session = boto3.Session()
    except BotoCoreError as error:
        print(f"{sentence(error)}.", file=sys.stderr)
        return 1
    region = configured_region(session)
    findings = examine(Account(settings, region, clients(session, region)))
    print("\n".join(map(line, findings)))
    print(f"\n{summary(findings)}\n")
    print("\n".join(month_lines(month(settings, region or DEFAULT_REGION, Use(given.stored_gb, given.pulled_gb)))))
    return 1 if any(finding.outcome == Outcome.FAILURE for finding in findings) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
