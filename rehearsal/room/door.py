"""The product's front door in a room: its real nginx files, users and folders as `userdata/configure` lays them."""

import configparser
import contextlib
import os
import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path

from rehearsal.contract import product
from rehearsal.room.isolation import Room

DOMAIN = "registry.example.com"
# The registry behind the door.
BEHIND = "127.0.0.1:5000"
# nginx's caches: logins, and the manifests of the current half minute.
LOGINS, MANIFESTS = "/run/nginx/logins", "/run/nginx/manifests"
CERTIFICATE, KEY = (f"{product.SERVED_CERTIFICATE}/{name}.pem" for name in ("fullchain", "privkey"))


def make_certificate(room: Room) -> None:
    """Write a certificate for DOMAIN and localhost where nginx looks for it."""
    room.run("mkdir", "-p", str(Path(CERTIFICATE).parent))
    room.run(
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc",
        "-days", "2", "-subj", "/CN=registry", "-addext", f"subjectAltName=DNS:{DOMAIN},DNS:localhost,IP:127.0.0.1",
        "-keyout", KEY, "-out", CERTIFICATE,
    )  # fmt: skip


def hash_password(room: Room, password: str, cost: int = 10) -> str:
    line = room.run("htpasswd", "-n", "-i", "-B", "-C", str(cost), "user", given=password).stdout.strip()
    return line.removeprefix("user:")


def auth_service() -> Mapping[str, str]:
    """The [Service] section of the login check's systemd unit."""
    return unit(product.LOGIN_CHECK)["Service"]


def unit(name: str) -> Mapping[str, Mapping[str, str]]:
    """The product's systemd unit by section and key."""
    found = configparser.ConfigParser(interpolation=None)
    found.read(product.USERDATA / "etc/systemd/system" / name)
    return found


def as_auth_user() -> tuple[str, ...]:
    """The start of a command that runs as the login check's user, as systemd starts it."""
    service = auth_service()
    user, group, groups = (service[key] for key in ("User", "Group", "SupplementaryGroups"))
    return ("setpriv", f"--reuid={user}", f"--regid={group}", f"--groups={groups}")


def place_files(room: Room) -> None:
    """Lay the product's files below /etc, make its folders, and choose the features that this room's nginx has. Comes
    after make_certificate()."""
    for folder in ("nginx", "sysusers.d"):
        shutil.copytree(product.USERDATA / "etc" / folder, room.place(f"/etc/{folder}"), dirs_exist_ok=True)
    room.run("systemd-sysusers", "registry.conf")
    service = auth_service()
    user, group = service["User"], service["Group"]
    for owner, owner_group, folder in (
        ("root", user, product.USERS),
        (user, group, f"/run/{service['RuntimeDirectory']}"),
    ):
        room.run("install", "-d", "-m", "0750", "-o", owner, "-g", owner_group, folder)
    write_browser_origins(room)
    room.place(product.RESOLVER).write_text("resolver 127.0.0.1;\n")
    shutil.copytree(product.USERDATA / Path(product.PAGE).name, room.place(product.PAGE), dirs_exist_ok=True)
    mount_caches(room)
    room.run("bash", given=(product.USERDATA / product.CHOOSE_FEATURES).read_text())


def mount_caches(room: Room) -> None:
    """As their systemd unit does, once."""
    mount = unit(product.CACHES_IN_MEMORY)["Mount"]
    place = mount["Where"]
    if not os.path.ismount(room.place(place)):
        room.run("mkdir", "-p", place)
        room.run("mount", "-t", mount["Type"], "-o", mount["Options"], mount["What"], place)


def write_browser_origins(room: Room, *origins: str) -> None:
    """Set the pages that may use the registry in a browser."""
    room.place(product.BROWSER_ORIGINS).write_text("".join(f"{origin} {origin};\n" for origin in origins))


def write_users(room: Room, access: str, hash_of: Mapping[str, str]) -> None:
    """Set the users with `access` "push" or "pull". Users with push access belong in both, as in bin/sync-users."""
    lines = "".join(f"{name}:{hashed}\n" for name, hashed in sorted(hash_of.items()))
    file, user = f"{product.USERS}/{access}", auth_service()["User"]
    new = f"{file}.new"
    room.place(new).write_text(lines)
    room.run("chown", f"{user}:{user}", new)
    room.run("chmod", "0400", new)
    room.run("mv", new, file)
    forget(room, LOGINS)


def start_door(room: Room, environment: Mapping[str, str] | None = None) -> None:
    """Start the login check and nginx on 443, before a registry at BEHIND, as their systemd units do. nginx has the
    environment."""
    start_login_check(room)
    start_nginx(room, environment)


def start_nginx(room: Room, environment: Mapping[str, str] | None = None) -> None:
    room.start("nginx", "nginx", "-g", "daemon off;", environment=environment)
    room.wait_for("nginx", "127.0.0.1:443")


def start_login_check(room: Room) -> None:
    """Start it as its systemd unit does."""
    service = auth_service()
    room.start("auth", *as_auth_user(), *shlex.split(service["ExecStart"]))
    room.wait_for("auth", f"/run/{service['RuntimeDirectory']}/auth.sock")


def forget(room: Room, folder: str) -> None:
    """Empty one of nginx's caches. Each file is truncated first, because a worker may have it open."""
    for file in room.place(folder).rglob("*"):
        if file.is_file():
            with contextlib.suppress(FileNotFoundError):
                file.write_bytes(b"")
                file.unlink()
