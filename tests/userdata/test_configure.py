"""`configure`: what it writes from the host's settings, and what it makes of a certificate after a power cut."""

import shutil

import pytest

from rehearsal.contract.product import BROWSER_ORIGINS, RESOLVER, SERVED_CERTIFICATE, USERDATA
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


@pytest.mark.parametrize("program", sorted(path.name for path in (USERDATA / "etc/nginx").glob("*.js")))
def test_nginx_uses_a_program_of_its_own_that_has_changed(relocate: Relocate, program: str) -> None:
    host = relocate()
    shutil.copytree(USERDATA / "etc", host.root / "opt/registry/etc")
    for feature in (USERDATA / "etc/nginx/features").iterdir():
        chosen = host.root / "etc/nginx/features" / feature.name / "chosen"
        chosen.parent.mkdir(parents=True)
        chosen.symlink_to("with")
    host.stand_in("id", "exit 0")
    host.run("configure")
    file = host.root / "opt/registry/etc/nginx" / program
    file.write_text(f"{file.read_text()}// changed\n")
    done = host.run("configure")
    assert (done.returncode, "applying the configuration of nginx" in done.stdout) == (0, True), done
