"""A real browser in a room: Debian's Chromium, which Playwright drives from the machine."""

import base64
import hashlib
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.sync_api import Browser, sync_playwright

from rehearsal.machine import roots
from rehearsal.machine.root_layers import Root, Say
from rehearsal.machine.workplace import Workplace
from rehearsal.room.door import CERTIFICATE
from rehearsal.room.isolation import Room, cache, door_root

PACKAGES = ("chromium", "fonts-dejavu-core")


def browser_root(workplace: Workplace, say: Say) -> Root:
    """The front door's root with a browser."""
    below = door_root(workplace, say)
    return roots.with_packages(replace(workplace, cache=cache()), below, f"{below.name}-browser", PACKAGES, say)


@contextmanager
def open_browser(room: Room) -> Iterator[Browser]:
    """Chromium, until the end of the block. Every name leads to the room's own loopback address, and the browser trusts
    the front door's certificate."""
    command = shlex.join(room.command(["chromium"], {"HOME": "/root"}))
    program = room.logs / "chromium"
    program.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
    program.chmod(0o700)
    arguments = (
        "--host-resolver-rules=MAP * 127.0.0.1",
        f"--ignore-certificate-errors-spki-list={_key_of(room.place(CERTIFICATE).read_bytes())}",
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        yield browser
        browser.close()


def _key_of(certificate: bytes) -> str:
    """The digest of its public key, as Chromium writes it."""
    key = x509.load_pem_x509_certificate(certificate).public_key()
    written = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(written).digest()).decode()
