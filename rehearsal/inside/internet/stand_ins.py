"""The stand-ins for the services on the internet that the product needs, under their real names.

Runs inside the world. Every program runs by chroot in the internet root; /srv there is one folder of the run
directory, which holds their configuration, data and logs.
"""

import shutil
import signal
import socket
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path

from rehearsal.contract.world_network import S3_ADDRESS, WORLD_ADDRESS
from rehearsal.inside.internet.certificate_authority import CertificateAuthority
from rehearsal.machine.layers import Stack, mount, mount_stack
from rehearsal.machine.oci_layout import REFERENCE
from rehearsal.machine.parts import Part
from rehearsal.machine.root_layers import Root
from rehearsal.machine.workplace import Workplace
from rehearsal.machine.world.namespaces import WAY_OUT_RESOLVER

CONFIGURATION = Path(__file__).with_name("etc")
ACME_NAMES = ("acme-v02.api.letsencrypt.org", "acme-staging-v02.api.letsencrypt.org")
IMAGE_REGISTRY_NAMES = ("public.ecr.aws", "registry-1.docker.io", "ghcr.io", "quay.io")
START_TIMEOUT_SECONDS = 20


class StandInError(Exception):
    """A stand-in did not start; the text ends with its last words."""


class StandIns:
    """Stand-ins and client share ``root``; the stand-ins' /srv is ``folder``, the client's /work is ``client_work``."""

    def __init__(
        self,
        workplace: Workplace,
        *,
        root: Root,
        parts: Mapping[str, Part],
        authority: CertificateAuthority,
        region: str,
        zone: str,
    ) -> None:
        self._run = workplace.run / "internet"
        self.folder = self._run / "srv"
        self.client_work = self._run / "client"
        self.root = self._run / "root"
        self._programs: dict[str, subprocess.Popen[bytes]] = {}
        for name in ("srv", "client", "upper", "work", "root"):
            (self._run / name).mkdir(parents=True)
        shutil.copytree(CONFIGURATION, self.folder, dirs_exist_ok=True)
        objects_in = "versitygw" if parts["versitygw"].path else "moto"
        shutil.copy(self.folder / f"objects-in-{objects_in}.conf", self.folder / "objects.conf")
        names = (
            "*.amazonaws.com",
            "*.s3.amazonaws.com",
            f"*.{region}.amazonaws.com",
            f"*.s3.{region}.amazonaws.com",
        )
        for file in authority.issue("front", (*names, *ACME_NAMES, *IMAGE_REGISTRY_NAMES)):
            shutil.copy(file, self.folder)
        mount_stack(
            Stack(tuple(map(str, root.layers)), f"{self._run}/upper", f"{self._run}/work", str(self.root))
        )
        for folder, at in ((self.folder, "srv"), (self.client_work, "work")):
            (self.root / at).mkdir(exist_ok=True)
            mount("--bind", str(folder), str(self.root / at))
        mount("--rbind", "/dev", str(self.root / "dev"))
        mount("-t", "proc", "proc", str(self.root / "proc"))
        for part in parts.values():
            if part.path:
                shutil.copy(part.path, self.root / "usr/local/bin" / part.name)
        self._start_dns(zone, region)
        self.start(
            "nginx",
            ["nginx", "-p", "/srv", "-c", "/srv/nginx.conf", "-e", "/srv/nginx-error.log"],
            (WORLD_ADDRESS, 443),
        )
        self.start(
            "images",
            [parts["registry"].command or "registry", "serve", "/srv/images.yml"],
            ("127.0.0.1", 5001),
        )
        self.start(
            "pebble",
            # Every order is validated anew, so that an obstacle shows; and none is refused at random.
            ["env", "PEBBLE_VA_NOSLEEP=1", "PEBBLE_AUTHZREUSE=0", "PEBBLE_WFE_NONCEREJECT=0",
             parts["pebble"].command or "pebble",
             "-config", "/srv/pebble.json", "-dnsserver", f"{WORLD_ADDRESS}:53"],
            ("127.0.0.1", 14000),
        )  # fmt: skip

    def certificate_root(self, authority: CertificateAuthority) -> str:
        """The root certificate of the ACME stand-in, in PEM form: every client in the world trusts it."""
        context = ssl.create_default_context(cafile=str(authority.certificate))
        context.check_hostname = False
        with urllib.request.urlopen("https://127.0.0.1:15000/roots/0", context=context) as answer:
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
        self.run(
            [
                "skopeo",
                "copy",
                "--dest-tls-verify=false",
                f"oci:/srv/layout:{REFERENCE}",
                f"docker://127.0.0.1:5001/{repository}",
            ]
        )
        shutil.rmtree(seen)

    def set_records(self, records: Mapping[str, str]) -> None:
        """Answer with the emulated Route 53's records: name -> address."""
        (self.folder / "hosts").write_text(
            "".join(f"{address} {name}\n" for name, address in records.items())
        )
        self._programs["dnsmasq"].send_signal(signal.SIGHUP)

    def run(self, argv: Sequence[str]) -> str:
        """Run a program of the internet root to its end; returns its output.

        Raises:
            StandInError: its exit code is not 0.
        """
        done = subprocess.run(["chroot", str(self.root), *argv], check=False, capture_output=True, text=True)
        if done.returncode:
            raise StandInError(f"{' '.join(argv)} failed:\n{done.stdout}{done.stderr}")
        return done.stdout

    def stop(self) -> None:
        """End every stand-in."""
        for program in self._programs.values():
            program.terminate()
        for program in self._programs.values():
            program.wait(10)

    def start(self, name: str, argv: Sequence[str], answers_at: tuple[str, int]) -> None:
        """Run a program of the internet root until stop().

        Raises:
            StandInError: it does not answer.
        """
        log = self.folder / f"{name}.log"
        with log.open("ab") as output:
            program = subprocess.Popen(
                ["chroot", str(self.root), *argv], stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
        self._programs[name] = program
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while not _answers(answers_at):
            if program.poll() is not None or time.monotonic() > deadline:
                raise StandInError(
                    f"{name} does not answer at {answers_at}; it said:\n{log.read_text()[-2000:]}"
                )
            time.sleep(0.02)

    def _start_dns(self, zone: str, region: str) -> None:
        (self.folder / "hosts").touch()
        here = [*ACME_NAMES, *IMAGE_REGISTRY_NAMES, "amazonaws.com"]
        # fmt: off
        command = [
            "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--user=root", "--pid-file=",
            "--no-hosts", "--no-resolv", "--addn-hosts=/srv/hosts", f"--server={WAY_OUT_RESOLVER}",
            f"--listen-address={WORLD_ADDRESS}", "--bind-interfaces", f"--local=/{zone}/", "--no-negcache",
            *(f"--address=/{name}/{WORLD_ADDRESS}" for name in here),
            *(f"--address=/{name}/{S3_ADDRESS}" for name in ("s3.amazonaws.com", f"s3.{region}.amazonaws.com")),
        ]
        # fmt: on
        self.start("dnsmasq", command, (WORLD_ADDRESS, 53))


def _answers(address: tuple[str, int]) -> bool:
    try:
        socket.create_connection(address, timeout=1).close()
    except OSError:
        return False
    return True
