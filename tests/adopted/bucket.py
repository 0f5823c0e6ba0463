"""An S3 bucket with versions in a room, and programs of the machine that use it."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from rehearsal.room.isolation import Room
from rehearsal.room.registry_server import StorageDriver, s3

PROJECT = Path(__file__).resolve().parents[2]
S3, BUCKET, FOLDER, NAME = "127.0.0.1:7070", "team-images", "registry", "tests"


def images_in(bucket: str) -> StorageDriver:
    """In the bucket's folder, as the old registry's rootdirectory has it."""
    return s3(f"http://{S3}", bucket, f"/{FOLDER}", (NAME, NAME))


def start_s3(room: Room) -> None:
    for folder in ("buckets", "versions"):
        room.place(f"/srv/{folder}").mkdir()
    command = ("/opt/versitygw", "--quiet", f"--port={S3}", "posix", "--versioning-dir=/srv/versions", "/srv/buckets")
    room.start("s3", *command, environment={"ROOT_ACCESS_KEY": NAME, "ROOT_SECRET_KEY": NAME})
    room.wait_for("s3", S3)
    make_bucket(room, BUCKET)


def make_bucket(room: Room, name: str) -> None:
    """With versions, as S3 copies no others."""
    signed = ("curl", "--silent", "--fail", "--aws-sigv4", "aws:amz:us-east-1:s3", "--user", f"{NAME}:{NAME}")
    room.run(*signed, "--request", "PUT", f"http://{S3}/{name}")
    enabled = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
    room.run(*signed, "--request", "PUT", "--data", enabled, f"http://{S3}/{name}?versioning=")


def run_beside(room: Room, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command of the project's Python, with the room's network."""
    keys = {"AWS_ACCESS_KEY_ID": NAME, "AWS_SECRET_ACCESS_KEY": NAME, "AWS_REGION": "us-east-1"}
    command: Sequence[str] = ("nsenter", f"--target={room.pid}", "--net", sys.executable, *arguments)
    return subprocess.run(  # noqa: S603
        command,
        cwd=PROJECT,
        env={**os.environ, **keys, "AWS_ENDPOINT_URL_S3": f"http://{S3}"},
        capture_output=True,
        text=True,
        check=False,
    )
