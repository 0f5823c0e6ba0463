"""A host's scripts in a folder: the real texts with the paths and the programs of this folder, so that they run as
anybody, anywhere, and touch nothing else."""

import contextlib
import json
import re
import shutil
import socket
import ssl
import subprocess
import threading
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USERDATA = Path(__file__).resolve().parents[2] / "userdata"
STAND_IN = Path(__file__).with_name("stand_in.py")
DOMAIN = "registry.example.com"
ADDRESS = "203.0.113.5"
# What would change or ask the machine that runs the tests.
PROGRAMS = ("curl", "df", "docker", "getent", "htpasswd", "journalctl", "nginx", "systemctl")
_OWN_PATHS = re.compile(r"(?<![\w.}])/(opt/registry|etc|var|run)\b")
_ANY_FILE = re.compile(r'"/\$file"')
_OWNERS = re.compile(r" -o \S+ -g \S+")
_SETTINGS = {
    "DOMAIN_NAME": DOMAIN,
    "AWS_REGION": "eu-central-1",
    "IMAGE_BUCKET": "images",
    "STATE_BUCKET": "state",
    "ADDRESS": ADDRESS,
    "ADDRESS_ALLOCATION_ID": "eipalloc-1",
    "PARAMETER_PATH": f"/registry/{DOMAIN}",
    "ACME_DIRECTORY": "https://acme.example.net/directory",
    "ACME_EMAIL": "someone@example.com",
    "DNS_MANAGED": "true",
    "REGISTRY_IMAGE": "registry:3",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """``asked`` is a pattern of the whole call, ``told`` one of what it gets on standard input."""

    asked: str
    says: str = ""
    complains: str = ""
    code: int = 0
    seconds: float = 0
    needs: str = ""
    gives: str = ""
    copies: tuple[str, str] | None = None
    """A file or a folder, and what becomes like it."""

    told: str = ""


class FrontDoor:
    """Shows a certificate to whoever connects, as nginx would."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._context: ssl.SSLContext | None = None
        threading.Thread(target=self._serve, daemon=True).start()

    def show(self, live: Path) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(live / "fullchain.pem", live / "privkey.pem")
        self._context = context

    def close(self) -> None:
        # Wakes who waits in accept(), which close() alone does not.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                if self._context:
                    connection.settimeout(5)
                    self._context.wrap_socket(connection, server_side=True).close()


class RelocatedHost:
    """``replaced`` are scripts of the host that are stood in for."""

    def __init__(self, root: Path, *replaced: str) -> None:
        self.root = root
        self.front_door = FrontDoor()
        self.tools = root / "tools"
        self.home = root / "opt/registry"
        shutil.copytree(USERDATA, self.home)
        folders = ("bin", "steps", "tools", "lib")
        scripts = [script for folder in folders for script in (self.home / folder).iterdir()]
        for script in [*scripts, self.home / "configure"]:
            text = _OWN_PATHS.sub(rf"{root}/\1", script.read_text())
            text = _OWNERS.sub("", _ANY_FILE.sub(f'"{root}/$file"', text))
            text = text.replace("127.0.0.1:443", f"127.0.0.1:{self.front_door.port}")
            script.write_text(text.replace("export PATH=", f"export PATH={self.tools}:"))
        self.tools.mkdir()
        (root / "run").mkdir()
        (root / "etc/registry/users").mkdir(parents=True)
        self.write("etc/registry/host.env", "".join(f"{name}={value}\n" for name, value in _SETTINGS.items()))
        for program in PROGRAMS:
            (self.tools / program).symlink_to(STAND_IN)
        # Beside the programs, so that all of them answer from one file.
        for name in replaced:
            place = self.home / name
            place.unlink()
            (self.tools / place.name).symlink_to(STAND_IN)
            place.write_text(f'#!/bin/sh\nexec "{self.tools / place.name}" "$@"\n')
            place.chmod(0o755)
        self.answer()

    def write(self, path: str, text: str) -> None:
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)

    def stand_in(self, program: str, script: str) -> Path:
        """For a program of the machine; gone when the file is."""
        place = self.tools / program
        place.write_text(f"#!/bin/sh\n{script}\n")
        place.chmod(0o755)
        return place

    def answer(self, *answers: Answer) -> None:
        (self.tools / "answers.json").write_text(json.dumps([asdict(answer) for answer in answers]))

    def run(self, *argv: str, timeout_seconds: float = 60) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.home / argv[0], *argv[1:]],
            capture_output=True, text=True, check=False, timeout=timeout_seconds, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def lines(self, *argv: str) -> dict[str, str]:
        return read(self.run(*argv).stdout)

    def calls(self) -> list[str]:
        file = self.tools / "calls"
        return file.read_text().splitlines() if file.exists() else []

    def have_certificate(
        self,
        *,
        age: timedelta = timedelta(days=1),
        lifetime: timedelta = timedelta(days=90),
        name: str = DOMAIN,
        folder: str = "etc/letsencrypt",
    ) -> str:
        """As certbot leaves it. Returns its fingerprint, as the host prints it."""
        key = ec.generate_private_key(ec.SECP256R1())
        begins = datetime.now(UTC) - age
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "made for a test")])
        made = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begins)
            .not_valid_after(begins + lifetime)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
            .sign(key, hashes.SHA256())
        )
        pem = made.public_bytes(serialization.Encoding.PEM).decode()
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()
        live = f"{folder}/live/registry"
        self.write(f"{live}/cert.pem", pem)
        self.write(f"{live}/fullchain.pem", pem)
        self.write(f"{live}/privkey.pem", private)
        self.write(f"{folder}/renewal/registry.conf", f"server = {_SETTINGS['ACME_DIRECTORY']}\n")
        return made.fingerprint(hashes.SHA256()).hex()


def read(output: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in output.splitlines())
