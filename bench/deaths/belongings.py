"""What a registry must have before and after any death, and what happens meanwhile."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

from bench.deaths import saved
from rehearsal.contract import product, run_directory
from rehearsal.contract.world_state import Host
from rehearsal.faults.fault import FaultError, Target
from rehearsal.faults.renewal import ORDER
from rehearsal.outside.client import Client
from rehearsal.outside.world import World

PART = b"half of a layer\n" * 1000
SERIAL = "openssl s_client -connect {0}:443 -servername {0} < /dev/null 2> /dev/null | openssl x509 -noout -serial"


@dataclass(frozen=True, slots=True)
class Belongings:
    users: str
    certificate: str
    saved_certificate: str
    http_secret: str
    address: str

    def differences(self, after: "Belongings", *, renews: bool = False) -> list[str]:
        """``renews``: the certificate may be another one, that of the state bucket."""
        saved_one = after.saved_certificate
        expected = replace(self, certificate=saved_one, saved_certificate=saved_one) if renews else self
        return [each.name for each in fields(self) if getattr(expected, each.name) != getattr(after, each.name)]


def host(world: World) -> Host:
    """The one host. Raises FaultError: there are more, or none."""
    hosts = world.hosts()
    if len(hosts) != 1:
        raise FaultError(f"expected one host, saw {hosts}")
    return hosts[0]


def belongings(world: World, client: Client) -> Belongings:
    """Raises FaultError: the saved certificate is damaged."""
    target = Target(world, host(world))
    names = target.do("cut", "--delimiter=:", "--fields=1", product.PUSH_USERS, product.PULL_USERS)
    secret = target.do("grep", "SECRET", product.HTTP_SECRET_FILE)
    (address,) = world.aws("ec2").describe_addresses()["Addresses"]
    resolved = client.run("getent", "ahostsv4", world.domain).stdout.split()[0]
    return Belongings(
        users=" ".join(sorted(names.split())),
        certificate=client.shell(SERIAL.format(world.domain)).stdout.strip().removeprefix("serial="),
        saved_certificate=saved.serial_of(world, saved.versions(world)[0]),
        http_secret=hashlib.sha256(secret.encode()).hexdigest(),
        address=f"{resolved} {address['PublicIp']} {'held' if address.get('InstanceId') else 'free'}",
    )


def orders(world: World) -> int:
    """How often the certificate authority was asked for a certificate."""
    log = world.workplace.run / run_directory.STAND_INS / "nginx-access.log"
    return sum(f"POST {ORDER}" in line for line in log.read_text().splitlines())


def moves(world: World) -> int:
    """How often the address has moved to a host."""
    return (world.workplace.run / run_directory.EVENTS).read_text().count("now leads to the host")


def begin_upload(world: World, client: Client, repository: str) -> Callable[[], Any]:
    """Half of a layer. The returned function sends the other half, and raises CommandFailedError if it is refused."""
    part = client.work / "part"
    part.write_bytes(PART)
    location = _sent(client, f"https://{world.domain}/v2/{repository}/blobs/uploads/", "POST", "Content-Length: 0")
    location = _sent(client, location, "PATCH", f"Content-Range: 0-{len(PART) - 1}", "--data-binary", "@part")

    def finish() -> None:
        begins = f"Content-Range: {len(PART)}-{2 * len(PART) - 1}"
        rest = _sent(client, location, "PATCH", begins, "--data-binary", "@part")
        digest = hashlib.sha256(2 * PART).hexdigest()
        _sent(client, f"{rest}&digest=sha256:{digest}", "PUT", "Content-Length: 0")

    return finish


def _sent(client: Client, url: str, method: str, header: str, *data: str) -> str:
    """Returns where the upload goes on."""
    headers = ("--header", header, "--header", "Content-Type: application/octet-stream")
    answer = client.curl(
        "--fail", "--request", method, *headers, *data, "--dump-header", "-", "--output", "answer", url
    )
    found = (line.partition(": ") for line in answer.stdout.splitlines())
    return next((value.strip() for name, _, value in found if name.lower() == "location"), "")
