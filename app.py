"""``cdk deploy --all`` starts here."""

import os
import sys
from pathlib import Path

from aws_cdk import App

from stacks.regions import RegionError, check_region
from stacks.registry import add_registry
from stacks.settings.settings import Settings, SettingsError

# tests/stacks runs the built-in validator; here it would cost every command 1 s and 300 MB.
app = App(builtin_cloud_formation_validation=False)
try:
    settings = Settings.from_context(app.node.get_all_context())
except SettingsError as error:
    sys.exit(f"The settings (cdk.json, or -c key=value) cannot be deployed:\n\n{error}\n")
try:
    # The CDK's command line sets it, if it knows the region.
    check_region(os.environ.get("CDK_DEFAULT_REGION", ""), settings.replica_region)
except RegionError as error:
    sys.exit(f"The registry cannot be deployed:\n\n{error}\n")
project = Path(__file__).resolve().parent
add_registry(app, settings, userdata=project / "userdata", lambdas=project / "lambdas")
app.synth()
