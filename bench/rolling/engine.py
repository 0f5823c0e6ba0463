"""A Docker engine in the clients' root, and the first login in the files of all clients."""

from pathlib import Path

from rehearsal.outside.client import Client

SCRIPT = Path(__file__).with_suffix(".bash")


def start_engine(client: Client) -> None:
    """And log in. Raises CommandFailedError: there is no engine, or no login."""
    (client.work / SCRIPT.name).write_text(SCRIPT.read_text())
    client.run("bash", SCRIPT.name, timeout_seconds=600)
    client.log_in()
    client.curl("--fail", f"https://{client.registry}/v2/")
