"""The product's front door in a room: its real nginx files, users and folders as `userdata/configure` lays them."""

import contextlib
import shutil
from collections.abc import Mapping
from pathlib import Path

from rehearsal.room.registry import USERDATA
from rehearsal.room.room import Room

DOMAIN = "registry.example.com"
# What nginx remembers of logins, and of manifests in this half minute.
LOGINS, MANIFESTS = "/run/nginx-logins", "/run/nginx-manifests"
CERTIFICATE = "/etc/registry/tls/fullchain.pem"
# As registry-auth.service says.
AUTH_USER = ("setpriv", "--reuid=registry-auth", "--regid=www-data", "--groups=registry-auth")


def make_certificate(room: Room) -> None:
    """At the place where nginx looks for it, for DOMAIN and localhost."""
    folder = str(Path(CERTIFICATE).parent)
    room.run("mkdir", "-p", folder)
    # fmt: off
    room.run(
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc",
        "-days", "2", "-subj", "/CN=registry", "-addext", f"subjectAltName=DNS:{DOMAIN},DNS:localhost,IP:127.0.0.1",
        "-keyout", f"{folder}/privkey.pem", "-out", CERTIFICATE,
    )
    # fmt: on


def hash_password(room: Room, password: str, cost: int = 10) -> str:
    line = room.run("htpasswd", "-n", "-i", "-B", "-C", str(cost), "user", given=password).stdout.strip()
    return line.removeprefix("user:")


def place_files(room: Room) -> None:
    shutil.copytree(USERDATA / "etc/nginx", room.place("/etc/nginx"), dirs_exist_ok=True)
    sysusers = room.place("/etc/sysusers.d")
    sysusers.mkdir(exist_ok=True)
    shutil.copy(USERDATA / "etc/sysusers.d/registry.conf", sysusers)
    room.run("systemd-sysusers", "registry.conf")
    room.run("install", "-d", "-m", "0750", "-o", "root", "-g", "registry-auth", "/etc/registry/users")
    # RuntimeDirectory of registry-auth.service.
    room.run("install", "-d", "-m", "0750", "-o", "registry-auth", "-g", "www-data", "/run/registry-auth")


def write_users(room: Room, access: str, hash_of: Mapping[str, str]) -> None:
    """`access` is push or pull; who may push must be given for both, as bin/sync-users does it."""
    lines = "".join(f"{name}:{hashed}\n" for name, hashed in sorted(hash_of.items()))
    place = f"/etc/registry/users/{access}"
    room.place(f"{place}.new").write_text(lines)
    room.run("chown", "registry-auth:registry-auth", f"{place}.new")
    room.run("chmod", "0400", f"{place}.new")
    room.run("mv", f"{place}.new", place)
    forget(room, LOGINS)


def start_door(room: Room) -> None:
    """The login check and nginx on 443, before a registry on 127.0.0.1:5000; as their systemd units start them."""
    start_login_check(room)
    room.start("nginx", "nginx", "-g", "daemon off;")
    room.wait_for("nginx", "127.0.0.1:443")


def start_login_check(room: Room) -> None:
    room.start(
        "auth",
        *AUTH_USER,
        *("nginx", "-e", "stderr", "-c", "/etc/nginx/auth.conf", "-g", "daemon off;"),
    )
    room.wait_for("auth", "/run/registry-auth/auth.sock")


def forget(room: Room, folder: str) -> None:
    """Empty one of nginx's caches; each file is emptied first, because a worker may have it open."""
    for file in room.place(folder).rglob("*"):
        if file.is_file():
            with contextlib.suppress(FileNotFoundError):
                file.write_bytes(b"")
                file.unlink()
