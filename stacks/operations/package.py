"""The functions' Lambda package: the code of ``lambdas/`` and its pinned packages, built without Docker."""

import shutil
import subprocess
import sys
from pathlib import Path

import jsii
from aws_cdk import BundlingOptions, DockerImage, ILocalBundling
from aws_cdk import aws_lambda as lambda_

_UNPACKED = ["__pycache__", "*.pyc", "requirements.in"]
# uv serves a second run from its cache, without a network.
_INSTALL = (
    *("-m", "uv", "pip", "install", "--quiet", "--link-mode", "copy", "--no-deps", "--require-hashes"),
    *("--only-binary", ":all:", "--python-version", "3.13", "--python-platform", "aarch64-manylinux2014"),
)


@jsii.implements(ILocalBundling)
class _LocalBundling:
    def __init__(self, source: Path) -> None:
        self._source = source

    def try_bundle(self, output_dir: str, *, image: DockerImage, **_options: object) -> bool:  # noqa: ARG002
        output = Path(output_dir)
        shutil.copytree(self._source, output / "lambdas", ignore=shutil.ignore_patterns(*_UNPACKED))
        install = [sys.executable, *_INSTALL, "--requirements", str(self._source / "requirements.txt")]
        for offline in (["--offline"], []):
            done = subprocess.run(  # noqa: S603
                [*install, "--target", output_dir, *offline], capture_output=True, text=True, check=False
            )
            if done.returncode == 0:
                break
        else:
            raise RuntimeError(f"the functions' packages cannot be installed: {done.stderr}")
        # The functions import neither the packages' scripts nor uv's lock.
        shutil.rmtree(output / "bin", ignore_errors=True)
        (output / ".lock").unlink(missing_ok=True)
        return True


def function_package(source: Path) -> lambda_.Code:
    """The package's hash is that of the source and its requirements: the same source is the same package."""
    return lambda_.Code.from_asset(
        str(source),
        exclude=_UNPACKED,
        bundling=BundlingOptions(image=DockerImage.from_registry("docker-is-not-used"), local=_LocalBundling(source)),
    )
