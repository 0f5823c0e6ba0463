"""The stand-ins for the services on the internet that the product needs, under their real names.

Runs inside the world. Every program runs by chroot in the internet root; /srv there is one folder of the run
directory, which holds their configuration, data and logs.
"""

import shutil
import signal
import ssl
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path

from rehearsal.contract.world_network import ACME_MANAGEMENT, ACME_PORT, S3_ADDRESS, WORLD_ADDRESS
from rehearsal.inside.internet.certificate_authority import CertificateAuthority
from rehearsal.inside.internet.programs import Programs
from rehearsal.machine.disk import SMALL_FILES, mount_new_disk
from rehearsal.machine.layers import Stack, mount, mount_stack
from rehearsal.machine.oci_layout import REFERENCE
from rehearsal.machine.parts import Part
from rehearsal.machine.root_layers import Root
from rehearsal.machine.workplace import Workplace
from rehearsal.machine.world.namespaces import WAY_OUT_RESOLVER

CONFIGURATION = Path(__file__).with_name("etc")
ACME_NAMES = ("acme-v02.api.letsencrypt.org", "acme-staging-v02.api.letsencrypt.org")
IMAGE_REGISTRY_NAMES = ("public.ecr.aws", "registry-1.docker.io", "ghcr.io", "quay.io")
CERTIFICATE_LOGS = "crt.sh"
# A domain of somebody else, for which one certificate authority alone may issue.
PICKY_DOMAIN, PICKY_CAA = "picky.example", b"\0\5issuedigicert.com"
IMAGES_PORT = 5001
# The numbers of the types NS and CAA. RFC 1035 3.2.2, RFC 8659 4.1
NS, CAA = 2, 257
# Room for four million files and folders.
OBJECTS_BYTES = 32 << 30


class StandIns:
    """Stand-ins and client share ``root``; the stand-ins' /srv is ``folder``, the client's /work is ``client_work``."""

    def __init__(
        self,
        workplace: Workplace,
        *,
        root: Root,
        parts: Mapping[str, Part],
        authority: CertificateAuthority,
        regions: Sequence[str],
        zone: str,
        name_servers: Sequence[str] = (),
    ) -> None:
        """The first of the ``regions`` is the registry's. ``name_servers`` are those to which the internet delegates
        the zone."""
        self._run = workplace.run / "internet"
        self.folder = self._run / "srv"
        self.client_work = self._run / "client"
        self.root = self._run / "root"
        for name in ("srv", "client", "upper", "work", "root"):
            (self._run / name).mkdir(parents=True)
        mount_new_disk(self._run / "objects.img", self.folder / "objects", OBJECTS_BYTES, *SMALL_FILES)
        self.programs = Programs(self.root, self.folder)
        self._mount_root(root, parts)
        self._configure(authority, regions, objects_in="versitygw" if parts["versitygw"].path else "moto")
        self._start_dns(zone, name_servers, regions)
        front = ["nginx", "-p", "/srv", "-c", "/srv/nginx.conf", "-e", "/srv/nginx-error.log"]
        self.programs.start("nginx", front, (WORLD_ADDRESS, 443))
        images = [parts["registry"].command or "registry", "serve", "/srv/images.yml"]
        self.programs.start("images", images, ("127.0.0.1", IMAGES_PORT))
        # Every order is validated anew, so that an obstacle shows; and none is refused at random.
        acme = [
            *("env", "PEBBLE_VA_NOSLEEP=1", "PEBBLE_AUTHZREUSE=0", "PEBBLE_WFE_NONCEREJECT=0"),
            *(parts["pebble"].command or "pebble", "-config", "/srv/pebble.json"),
            *("-dnsserver", f"{WORLD_ADDRESS}:53"),
        ]
        self.programs.start("pebble", acme, ("127.0.0.1", ACME_PORT))

    def certificate_root(self, authority: CertificateAuthority) -> str:
        """The root certificate of the ACME stand-in, in PEM form: every client in the world trusts it."""
        context = ssl.create_default_context(cafile=str(authority.certificate))
        context.check_hostname = False
        with urllib.request.urlopen(f"{ACME_MANAGEMENT}/roots/0", context=context) as answer:  # noqa: S310  a constant
            found: bytes = answer.read()
        return found.decode()

    def trust(self, bundle: Path) -> None:
        """Have the client trust the bundle, and resolve names by the world's DNS."""
        shutil.copy(bundle, self.root / "etc/ssl/certs/ca-certificates.crt")
        (self.root / "etc/resolv.conf").write_text(f"nameserver {WORLD_ADDRESS}\n")

    def publish_image(self, layout: Path, reference: str) -> None:
        """Offer an image under the name the product asks for."""
        repository = reference.partition("/")[2]
        seen = self.folder / "layout"
        shutil.copytree(layout, seen)
        target = f"docker://127.0.0.1:{IMAGES_PORT}/{repository}"
        self.programs.run(["skopeo", "copy", "--dest-tls-verify=false", f"oci:/srv/layout:{REFERENCE}", target])
        shutil.rmtree(seen)

    def set_records(self, records: Mapping[str, Sequence[str]]) -> None:
        """Answer with the emulated Route 53's records: name -> addresses."""
        lines = (f"{address} {name}\n" for name, addresses in records.items() for address in addresses)
        (self.folder / "hosts").write_text("".join(lines))
        self.programs.signal("dnsmasq", signal.SIGHUP)

    def _mount_root(self, root: Root, parts: Mapping[str, Part]) -> None:
        layers = tuple(map(str, root.layers))
        mount_stack(Stack(layers, f"{self._run}/upper", f"{self._run}/work", str(self.root)))
        for folder, at in ((self.folder, "srv"), (self.client_work, "work")):
            (self.root / at).mkdir(exist_ok=True)
            mount("--rbind", str(folder), str(self.root / at))
        mount("--rbind", "/dev", str(self.root / "dev"))
        mount("-t", "proc", "proc", str(self.root / "proc"))
        for part in parts.values():
            if part.path:
                shutil.copy(part.path, self.root / "usr/local/bin" / part.name)

    def _configure(self, authority: CertificateAuthority, regions: Sequence[str], *, objects_in: str) -> None:
        shutil.copytree(CONFIGURATION, self.folder, dirs_exist_ok=True)
        shutil.copy(self.folder / f"objects-in-{objects_in}.conf", self.folder / "objects.conf")
        lines = (f'"~(/|%2F){region}(/|%2F)s3(/|%2F)" http://objects-elsewhere;\n' for region in regions[1:])
        (self.folder / "other-region.conf").write_text("".join(lines))
        prefixes = [f"{service}{region}." for region in regions for service in ("", "s3.", "s3-control.")]
        aws = [f"*.{prefix}amazonaws.com" for prefix in ("", "s3.", *prefixes)]
        for file in authority.issue("front", (*aws, *ACME_NAMES, *IMAGE_REGISTRY_NAMES, CERTIFICATE_LOGS)):
            shutil.copy(file, self.folder)

    def _start_dns(self, zone: str, name_servers: Sequence[str], regions: Sequence[str]) -> None:
        (self.folder / "hosts").touch()
        s3 = ("s3.amazonaws.com", *(f"s3.{region}.amazonaws.com" for region in regions))
        here = [*ACME_NAMES, *IMAGE_REGISTRY_NAMES, CERTIFICATE_LOGS, "amazonaws.com"]
        command = [
            "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--user=root", "--pid-file=",
            "--no-hosts", "--no-resolv", "--addn-hosts=/srv/hosts", f"--server={WAY_OUT_RESOLVER}",
            f"--listen-address={WORLD_ADDRESS}", "--bind-interfaces", f"--local=/{zone}/", "--no-negcache",
            *(f"--dns-rr={zone},{NS},{_on_the_wire(server)}" for server in name_servers),
            f"--local=/{PICKY_DOMAIN}/", f"--dns-rr={PICKY_DOMAIN},{CAA},{PICKY_CAA.hex()}",
            *(f"--address=/{name}/{WORLD_ADDRESS}" for name in here),
            *(f"--address=/{name}/{S3_ADDRESS}" for name in s3),
        ]  # fmt: skip
        self.programs.start("dnsmasq", command, (WORLD_ADDRESS, 53))


def _on_the_wire(name: str) -> str:
    """A name as DNS sends it, in hexadecimal: each label after its length. RFC 1035 3.1"""
    labels = (label.encode() for label in f"{name.rstrip('.')}.".split("."))
    return b"".join(bytes([len(label)]) + label for label in labels).hex()
