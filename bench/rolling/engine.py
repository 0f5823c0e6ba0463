"""A Docker engine in the clients' root, and the first login in the files of all clients."""

import subprocess
from pathlib import Path

from rehearsal.outside.client import Client

SCRIPT = Path(__file__).with_suffix(".bash")


def start_engine(client: Client) -> None:
    """And log in. Raises RuntimeError: docker could not log in."""
    (client.work / SCRIPT.name).write_text(SCRIPT.read_text())
    client.run("bash", SCRIPT.name, timeout_seconds=600)
    user, password = client.login()
    login = subprocess.run(
        client.command(["docker", "login", "--username", user, "--password-stdin", client.registry]),
        input=password,
        capture_output=True,
        text=True,
    )
    if login.returncode:
        raise RuntimeError(f"docker login: {login.stderr}")
    client.curl("--fail", f"https://{client.registry}/v2/")
