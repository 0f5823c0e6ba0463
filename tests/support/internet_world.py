"""The stand-ins for the internet, in a network and mount namespace of the test's own thread."""

import ctypes
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import boto3
from botocore.config import Config

from rehearsal.cloud.core.cloud import Cloud
from rehearsal.contract.world_network import S3_ADDRESS, WORLD_ADDRESS
from rehearsal.inside.internet.certificate_authority import CertificateAuthority
from rehearsal.inside.internet.objects import ObjectServers
from rehearsal.inside.internet.stand_ins import StandIns
from rehearsal.machine import parts, registry_image, roots
from rehearsal.machine.fitness import make_fit
from rehearsal.machine.parts import Part
from rehearsal.machine.registry_image import RegistryImage
from rehearsal.machine.root_layers import Root
from rehearsal.machine.workplace import Workplace, remove_tree

REGION, OTHER_REGION = "us-east-1", "eu-west-1"
ZONE = "example.com"
NAME_SERVER = "ns-2048.awsdns-64.com"
IMAGE = "public.ecr.aws/docker/library/registry:3.1.2"
ENDPOINT = f"http://{WORLD_ADDRESS}:4566"
CLONE_FS, CLONE_NEWNS, CLONE_NEWNET = 0x00000200, 0x00020000, 0x40000000


@dataclass(frozen=True, slots=True)
class Prepared:
    """The parts that take minutes to make, and need the machine's own network."""

    workplace: Workplace
    root: Root
    parts: dict[str, Part]
    image: RegistryImage


@dataclass(frozen=True, slots=True)
class InternetWorld:
    """``authorities`` is the bundle that a client of these stand-ins trusts."""

    cloud: Cloud
    internet: StandIns
    authorities: Path
    issuer: str

    def client(self, service: str, **credentials: str) -> Any:
        """At the one endpoint for people, as the administrator or with the credentials given."""
        untyped: Any = boto3.client
        return untyped(service, region_name=REGION, endpoint_url=ENDPOINT, **(credentials or self._administrators))

    @property
    def _administrators(self) -> dict[str, str]:
        administrator = self.cloud.administrator
        return {"aws_access_key_id": administrator.id, "aws_secret_access_key": administrator.secret}

    def s3(
        self,
        *,
        endpoint_url: str | None = ENDPOINT,
        style: Literal["path", "virtual"] = "path",
        region: str = REGION,
        credentials: Mapping[str, str] | None = None,
    ) -> Any:
        """As the administrator, or with the credentials given; without an endpoint, by the real names."""
        untyped: Any = boto3.client
        return untyped(
            "s3",
            region_name=region,
            endpoint_url=endpoint_url,
            verify=str(self.authorities),
            config=Config(signature_version="s3v4", s3={"addressing_style": style}, retries={"total_max_attempts": 1}),
            **(credentials or self._administrators),
        )

    def run(self, *argv: str) -> str:
        """As a client on this internet."""
        return self.internet.programs.run(argv)


def prepare(run: Path) -> Prepared:
    run.mkdir(parents=True, exist_ok=True)
    workplace = replace(Workplace.of_this_machine(), run=run, lock=run.with_suffix(".lock"))
    make_fit(Workplace.of_this_machine(), print)
    recipes = (parts.REGISTRY, parts.PEBBLE, parts.VERSITYGW)
    found = {recipe.name: parts.prepare(workplace, recipe, print) for recipe in recipes}
    root = roots.internet(workplace, print, [part.package for part in found.values() if part.package])
    image = registry_image.prepare(workplace, IMAGE, program=found["registry"], root=root, say=print)
    return Prepared(workplace, root, found, image)


@contextmanager
def running_internet(prepared: Prepared) -> Iterator[InternetWorld]:
    with namespace(prepared.workplace.run), ExitStack() as stack:
        cloud = Cloud(other_region=OTHER_REGION)
        stack.callback(cloud.stop)
        authority = CertificateAuthority(prepared.workplace.run / "authority")
        internet = StandIns(
            prepared.workplace,
            root=prepared.root,
            parts=prepared.parts,
            authority=authority,
            regions=[REGION, OTHER_REGION],
            zone=ZONE,
            name_servers=[NAME_SERVER],
        )
        stack.callback(internet.programs.stop)
        if prepared.parts["versitygw"].path:
            ObjectServers(internet.folder, cloud, internet.programs.start)
        internet.publish_image(prepared.image.layout, prepared.image.reference)
        issuer = internet.certificate_root(authority)
        authorities = prepared.workplace.run / "authorities.pem"
        authorities.write_text(authority.certificate.read_text() + issuer)
        internet.trust(authorities)
        Path("/etc/resolv.conf").write_text(f"nameserver {WORLD_ADDRESS}\n")
        yield InternetWorld(cloud, internet, authorities, issuer)


@contextmanager
def namespace(run: Path) -> Iterator[None]:
    """This thread, and the processes it starts, on an empty network and with an /etc/resolv.conf of their own."""
    libc = ctypes.CDLL(None, use_errno=True)
    before = [os.open(f"/proc/thread-self/ns/{kind}", os.O_RDONLY) for kind in ("net", "mnt")]
    directory = Path.cwd()
    _must(libc.unshare(CLONE_NEWNS | CLONE_NEWNET))
    try:
        subprocess.run(["mount", "--make-rprivate", "/"], check=True)
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        for address in (WORLD_ADDRESS, S3_ADDRESS):
            subprocess.run(["ip", "address", "add", address, "dev", "lo"], check=True)
        resolver = run / "resolv.conf"
        resolver.touch()
        subprocess.run(["mount", "--bind", str(resolver), str(Path("/etc/resolv.conf").resolve())], check=True)
        yield
    finally:
        # Threads started meanwhile share the current directory with this one, which setns does not allow.
        _must(libc.unshare(CLONE_FS))
        for descriptor, kind in zip(before, (CLONE_NEWNET, CLONE_NEWNS), strict=True):
            _must(libc.setns(descriptor, kind))
            os.close(descriptor)
        os.chdir(directory)
        remove_tree(run)


def _must(result: int) -> None:
    if result:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
