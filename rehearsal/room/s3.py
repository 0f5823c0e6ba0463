"""S3 in a room: versitygw, behind a proxy that can have a bad day, and the role's credentials from a metadata service.

Run as a program, it is that metadata service, and the IAM that versitygw asks: ``python -m rehearsal.room.s3 SOCKET
SECONDS``, the life of the credentials.
"""

import json
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from rehearsal.contract import product
from rehearsal.faults import bad_day
from rehearsal.inside.hosts import metadata_service
from rehearsal.inside.hosts.metadata_service import Metadata
from rehearsal.inside.internet import objects
from rehearsal.inside.internet.objects import Keyring
from rehearsal.room import dns
from rehearsal.room.isolation import Room
from rehearsal.room.registry_server import StorageDriver, s3

# Keys that come with a token begin so, and versitygw insists.
BUCKET, KEY, SECRET = "images", "ASIAOFTHEROOM", "the secret key of the room"
PROGRAM, BUCKETS = "/opt/versitygw", "/srv/buckets"
METADATA_HOST, METADATA_PORT = "127.0.0.1", 7072
# No loopback address: crane follows no redirect to one (go-containerregistry, pull request 2295).
NAME, ADDRESS = "s3.example.com", "198.51.100.71"
PORT = 7071
# A server by its name: where clients find it, before the server itself.
SERVERS = {
    "s3": (f"{ADDRESS}:{PORT}", GATEWAY := "127.0.0.1:7070"),
    "metadata": ("127.0.0.1:7073", f"{METADATA_HOST}:{METADATA_PORT}"),
}
IAM = "/srv/iam.sock"
ROLE = "host"
LIFE_SECONDS = 6 * 3600


def start_gateway(
    room: Room, address: str, bucket: str, key: str, secret: str, *options: str, storage: Sequence[str] = ()
) -> None:
    """The key is that of its own account, which owns the bucket. ``storage`` are options of versitygw's storage."""
    room.run("mkdir", "-p", BUCKETS)
    gateway = (PROGRAM, "--quiet", "--keep-alive", f"--port={address}", *options, "posix", *storage, BUCKETS)
    room.start("s3", *gateway, environment={"ROOT_ACCESS_KEY": key, "ROOT_SECRET_KEY": secret})
    room.wait_for("s3", address)
    signed = ("--aws-sigv4", "aws:amz:us-east-1:s3", "--config", "-")
    url = f"http://{address}/{bucket}"
    room.run("curl", "--silent", "--fail", *signed, "--request", "PUT", url, given=f'user = "{key}:{secret}"\n')


def start(room: Room) -> StorageDriver:
    """Start all of them, and the room's DNS. Returns the product's driver for them, which has no keys of its own."""
    room.run("ip", "address", "add", f"{ADDRESS}/32", "dev", "lo")
    dns.start(room, NAME, ADDRESS, room.place(_mood("dns")))
    start_metadata(room)
    # Its own account; the registry's is in IAM.
    start_gateway(room, GATEWAY, BUCKET, "keeper", SECRET, f"--iam-standalone-endpoint={IAM}")
    program = room.place("/srv/bad_day.py")
    program.write_text(Path(bad_day.__file__).read_text())
    for name, (listen, upstream) in SERVERS.items():
        room.start(f"bad-{name}", "python3", "/srv/bad_day.py", listen, upstream, _mood(name))
        room.wait_for(f"bad-{name}", listen)
    asks = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": f"http://{SERVERS['metadata'][0]}"}
    return replace(s3(f"http://{NAME}:{PORT}", BUCKET, "", None), secrets=asks)


def start_metadata(room: Room, life_seconds: int = LIFE_SECONDS) -> None:
    program = (sys.executable, "-m", __name__, str(room.place(IAM)), str(life_seconds))
    room.start_in_network("metadata", "env", f"--chdir={product.PROJECT}", *program)
    room.wait_for("metadata", f"{METADATA_HOST}:{METADATA_PORT}")


def set_mood(room: Room, mood: str, server: str = "s3") -> None:
    """Of a server of SERVERS, or of "dns"; an empty one is a good day. Raises ValueError: there is no such mood
    (bad_day.MOODS)."""
    bad_day.Mood.read(mood)
    place = room.place(_mood(server))
    new = place.with_suffix(".new")
    new.write_text(mood)
    new.rename(place)


def _mood(server: str) -> str:
    return f"/srv/mood-of-{server}"


def credentials(now: float, life_seconds: int) -> str:
    """Their token shows until when they are good: bad_day.py refuses them after it, as S3 would."""
    until = int(now) + life_seconds
    keys = {"AccessKeyId": KEY, "SecretAccessKey": SECRET, "Token": f"until-{until}"}
    expires = f"{datetime.fromtimestamp(until, UTC):%Y-%m-%dT%H:%M:%SZ}"
    return json.dumps({"Code": "Success", "Type": "AWS-HMAC", **keys, "Expiration": expires})


def main(socket: Path, life_seconds: int) -> None:
    def metadata(_address: str) -> Metadata:
        entries = {f"iam/security-credentials/{ROLE}": credentials(time.time(), life_seconds)}
        return Metadata(entries, b"", "123456789012")

    keyring = Keyring(lambda _key, _action, _resource: True)
    keyring.add(KEY, SECRET)
    # Of the program before.
    socket.unlink(missing_ok=True)
    objects.serve(keyring, socket)
    metadata_service.serve(METADATA_HOST, metadata, port=METADATA_PORT)
    threading.Event().wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
