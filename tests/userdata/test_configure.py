"""`configure`: what it writes from the host's settings, and what it makes of a certificate after a power cut."""

import pytest

from rehearsal.contract.product import BROWSER_ORIGINS, RESOLVER, SERVED_CERTIFICATE
from tests.userdata.conftest import Relocate


@pytest.mark.parametrize(
    ("setting", "lines"),
    [
        ("", ""),
        (
            "https://ui.example.com,http://localhost:8080",
            "https://ui.example.com https://ui.example.com;\nhttp://localhost:8080 http://localhost:8080;\n",
        ),
    ],
)
def test_the_allowed_pages_are_lines_of_the_front_doors_map(relocate: Relocate, setting: str, lines: str) -> None:
    host = relocate()
    file = host.root / "etc/registry/host.env"
    file.write_text(file.read_text().replace("BROWSER_ORIGINS=\n", f"BROWSER_ORIGINS={setting}\n"))
    host.stand_in("id", "exit 0")
    done = host.run("configure")
    assert (host.root / BROWSER_ORIGINS.lstrip("/")).read_text() == lines, done.stderr


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ("nameserver 127.0.0.53\noptions edns0\n", "resolver 127.0.0.53 ipv6=off;\n"),
        (
            "search internal\nnameserver 10.0.0.2\nnameserver fd00::2\nnameserver 10.0.0.3\n",
            "resolver 10.0.0.2 10.0.0.3 ipv6=off;\n",
        ),
        (None, "resolver 169.254.169.253 ipv6=off;\n"),
    ],
)
def test_nginx_finds_s3_as_the_host_does(relocate: Relocate, given: str | None, line: str) -> None:
    host = relocate()
    if given is not None:
        host.write("etc/resolv.conf", given)
    host.stand_in("id", "exit 0")
    done = host.run("configure")
    assert (host.root / RESOLVER.lstrip("/")).read_text() == line, done.stderr


@pytest.mark.parametrize("empty", ["fullchain.pem", "privkey.pem"])
def test_a_certificate_that_lost_its_content_gives_way_to_the_placeholder(relocate: Relocate, empty: str) -> None:
    host = relocate()
    host.have_certificate()
    host.stand_in("id", "exit 0")
    served = host.root / SERVED_CERTIFICATE.lstrip("/")
    served.symlink_to(host.root / "etc/letsencrypt/live/registry")
    host.run("configure")
    assert served.readlink().name == "registry"
    (host.root / "etc/letsencrypt/live/registry" / empty).write_text("")
    host.run("configure")
    assert served.readlink().name == "placeholder"
    (served / empty).write_text("")
    host.run("configure")
    assert (served / empty).read_text()
