"""A host's scripts, moved to a folder: paths and programs in their texts are the folder's own. They run without root,
on any machine, and touch nothing outside the folder."""

import contextlib
import re
import socket
import ssl
import subprocess
import threading
from dataclasses import astuple, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from rehearsal.contract.product import USERDATA

# All but `bootstrap`, which brings the others to a host.
SCRIPTS = [
    "configure",
    *(f"{folder}/{path.name}" for folder in ("bin", "steps", "tools", "lib") for path in (USERDATA / folder).iterdir()),
]
STAND_IN = Path(__file__).with_name("stand_in.bash")
DOMAIN = "registry.example.com"
ADDRESS = "203.0.113.5"
# They would change this machine, or depend on it; and no test waits for a pause.
PROGRAMS = ("curl", "df", "docker", "getent", "htpasswd", "journalctl", "nginx", "sleep", "sync", "systemctl")
_OWN_PATHS = re.compile(r"(?<![\w.}])/(opt/registry|etc|var|run|usr/(?:local/bin|sbin)/(?=certbot|policy))\b")
_ANY_FILE = re.compile(r'"/\$file"')
_OWNERS = re.compile(r" -o \S+ -g \S+")
_SETTINGS = {
    "DOMAIN_NAME": DOMAIN,
    "AWS_REGION": "eu-central-1",
    "IMAGE_BUCKET": "images",
    "IMAGE_FOLDER": "",
    "STATE_BUCKET": "state",
    "ADDRESS": ADDRESS,
    "ADDRESS_ALLOCATION_ID": "eipalloc-1",
    "PARAMETER_PATH": f"/registry/{DOMAIN}",
    "ACME_DIRECTORY": "https://acme.example.net/directory",
    "ACME_EMAIL": "someone@example.com",
    "DNS_MANAGED": "true",
    "REGISTRY_IMAGE": "registry:3",
    "REDIRECT": "true",
    "BROWSER_ORIGINS": "",
    "RUNBOOK_URL": "",
    "MAINTENANCE_WINDOW": "Sun 03:00",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a stand-in answers (stand_in.bash reads the fields in this order).

    `asked` and `told` are POSIX patterns of the call and of its standard input. A call can set a flag (`gives`), be
    answered only after a flag is set (`needs`), or block until it is (`waits_for`).
    """

    asked: str
    says: str = ""
    complains: str = ""
    code: int = 0
    needs: str = ""
    gives: str = ""
    waits_for: str = ""
    copies: tuple[str, str] = ("", "")
    """A file or a folder, and the path of the copy."""
    told: str = ""


class FrontDoor:
    """Shows a certificate to every client, as nginx would."""

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
        # Ends the accept() under way, which close() alone does not.
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
    """``replaced`` names scripts of the host that stand-ins replace."""

    def __init__(self, root: Path, *replaced: str) -> None:
        self.root = root
        self.front_door = FrontDoor()
        self.tools = root / "tools"
        self.home = root / "opt/registry"
        for path in SCRIPTS:
            text = _OWN_PATHS.sub(rf"{root}/\1", (USERDATA / path).read_text())
            text = _OWNERS.sub("", _ANY_FILE.sub(f'"{root}/$file"', text))
            text = text.replace("127.0.0.1:443", f"127.0.0.1:{self.front_door.port}")
            self.write(f"opt/registry/{path}", text.replace("export PATH=", f"export PATH={self.tools}:"), 0o755)
        self.tools.mkdir()
        (root / "run").mkdir()
        for folder in ("etc/registry/users", "usr/local/bin", "usr/sbin"):
            (root / folder).mkdir(parents=True)
        self.write("etc/registry/host.env", "".join(f"{name}={value}\n" for name, value in _SETTINGS.items()))
        self.answer()
        for program in PROGRAMS:
            (self.tools / program).symlink_to(STAND_IN)
        # Beside the programs, so that all of them answer from one file.
        for path in replaced:
            place = self.tools / Path(path).name
            place.symlink_to(STAND_IN)
            self.write(f"opt/registry/{path}", f'#!/bin/sh\nexec "{place}" "$@"\n', 0o755)

    def write(self, path: str, text: str, mode: int = 0o644) -> Path:
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
        place.chmod(mode)
        return place

    def stand_in(self, program: str, script: str) -> Path:
        """Replace a program of the machine, until the returned file is deleted."""
        # Not written into the file that a link leads to.
        (self.tools / program).unlink(missing_ok=True)
        return self.write(f"tools/{program}", f"#!/bin/sh\n{script}\n", 0o755)

    def answer(self, *answers: Answer) -> None:
        text = ""
        for answer in answers:
            *others, copies, told = astuple(answer)
            text += "".join(f"{field}\0" for field in (*others, *copies, told))
        (self.tools / "answers").write_text(text)

    def run(self, *argv: str) -> subprocess.CompletedProcess[str]:
        program, given = [str(self.home / argv[0]), *argv[1:]], subprocess.DEVNULL
        return subprocess.run(program, capture_output=True, text=True, check=False, timeout=60, stdin=given)

    def lines(self, *argv: str) -> dict[str, str]:
        return read(self.run(*argv).stdout)

    def calls(self) -> list[str]:
        file = self.tools / "calls"
        return file.read_text().splitlines() if file.exists() else []

    def flag(self, name: str) -> Path:
        """The file that a call sets (`gives`) or another waits for."""
        return self.tools / f"flag-{name}"

    def have_certificate(
        self,
        *,
        age: timedelta = timedelta(days=1),
        issued: datetime | None = None,
        lifetime: timedelta = timedelta(days=90),
        name: str = DOMAIN,
        folder: str = "etc/letsencrypt",
    ) -> str:
        """As certbot leaves it. Returns its fingerprint, as the host prints it."""
        key = ec.generate_private_key(ec.SECP256R1())
        begins = issued or datetime.now(UTC) - age
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
        form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        for file, content in (("cert", pem), ("fullchain", pem), ("privkey", key.private_bytes(*form).decode())):
            self.write(f"{folder}/live/registry/{file}.pem", content)
        self.write(f"{folder}/renewal/registry.conf", f"server = {_SETTINGS['ACME_DIRECTORY']}\n")
        return made.fingerprint(hashes.SHA256()).hex()


def read(output: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in output.splitlines())
