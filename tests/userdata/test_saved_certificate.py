"""`save-certificate` and `restore-certificate`: a damaged copy in the state bucket is never taken, and never made."""

import io
import tarfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.relocated_host import RelocatedHost
from tests.userdata.conftest import Relocate

# A folder with a file for each version, and "versions", their names; "current" is missing once deleted. Another host
# saves "meanwhile" right before this one.
BUCKET = """
exec 9> "$0.bucket/lock"
flock 9
etag() { [ ! -e "$0.bucket/current" ] || md5sum < "$0.bucket/current" | cut -c 1-32; }
case $2 in
  put)
    [ ! -e "$0.bucket/meanwhile" ] || mv "$0.bucket/meanwhile" "$0.bucket/current"
    case $6 in
      "If-None-Match: *") [ ! -e "$0.bucket/current" ] ;;
      "If-Match: "*) [ "$6" = "If-Match: $(etag)" ] ;;
    esac || { echo "aws-api: s3 PutObject: HTTP 412 PreconditionFailed: no" >&2; exit 4; }
    cp "$5" "$0.bucket/current"
    exit ;;
  versions) cat "$0.bucket/versions" 2> /dev/null && exit ;;
  get) cp "$0.bucket/${6:-current}" "$5" 2> /dev/null && exit ;;
  read) cp "$0.bucket/current" "$5" 2> /dev/null && etag && exit ;;
esac
echo "aws-api: s3 GetObject: HTTP 404 NoSuchKey: none" >&2
exit 4
"""
CERTIFICATE = "etc/letsencrypt/live/registry/cert.pem"


@dataclass(frozen=True, slots=True)
class SavedCertificates:
    host: RelocatedHost

    @property
    def folder(self) -> Path:
        return self.host.tools / "aws-api.bucket"

    def have(self, **versions: bytes) -> None:
        """From the newest to the oldest; the newest is the current one."""
        for name, content in (*versions.items(), ("current", next(iter(versions.values())))):
            (self.folder / name).write_bytes(content)
        (self.folder / "versions").write_text("".join(f"{name}\n" for name in versions))

    def certificate(self, name: str, *, age: timedelta = timedelta(days=1)) -> bytes:
        """As save-certificate leaves it."""
        self.host.have_certificate(folder=name, age=age)
        return archive(self.host.root / name)

    def restored(self) -> str:
        """The folder whose certificate the host has."""
        pem = self.host.root / CERTIFICATE
        had = {path.read_bytes(): path.parents[2].name for path in self.host.root.glob("*/live/registry/cert.pem")}
        return had.get(pem.read_bytes(), "its own") if pem.exists() else "none"


def archive(folder: Path) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as file:
        file.add(folder, ".")
    return content.getvalue()


@pytest.fixture
def saved(relocate: Relocate) -> SavedCertificates:
    host = relocate("tools/aws-api", "steps/use-certificate")
    host.stand_in("aws-api", BUCKET)
    saved = SavedCertificates(host)
    saved.folder.mkdir()
    (saved.folder / "versions").touch()
    return saved


def half(content: bytes) -> bytes:
    return content[: len(content) // 2]


def without_key(saved: SavedCertificates) -> bytes:
    saved.certificate("partial")
    (saved.host.root / "partial/live/registry/privkey.pem").unlink()
    return archive(saved.host.root / "partial")


def with_another_key(saved: SavedCertificates) -> bytes:
    saved.certificate("other")
    saved.certificate("mixed")
    key = "live/registry/privkey.pem"
    (saved.host.root / "mixed" / key).write_bytes((saved.host.root / "other" / key).read_bytes())
    return archive(saved.host.root / "mixed")


DAMAGES = {
    "the archive cannot be unpacked": lambda saved: half(saved.certificate("broken")),
    "there is no certificate": without_key,
    "the key does not belong to the certificate": with_another_key,
}


@pytest.mark.parametrize("reason", DAMAGES)
def test_the_version_before_a_damaged_one_is_taken_and_the_damage_reported(
    saved: SavedCertificates, reason: str
) -> None:
    saved.have(v3=DAMAGES[reason](saved), v2=b"", v1=saved.certificate("whole"))
    done = saved.host.run("steps/restore-certificate")
    assert (done.returncode, saved.restored()) == (0, "whole"), done.stderr
    assert f"the saved certificate is damaged ({reason}" in done.stdout
    assert "taking its version v1" in done.stdout


def test_a_damaged_copy_is_replaced_even_if_the_host_needs_none(saved: SavedCertificates) -> None:
    saved.have(v2=b"damaged", v1=saved.certificate("older", age=timedelta(days=9)))
    saved.host.have_certificate()
    assert saved.host.run("steps/restore-certificate").returncode == 0
    assert saved.restored() == "its own"
    assert (saved.host.root / "var/lib/registry/certificate-unsaved").exists()
    assert "is damaged" in (saved.host.root / "var/lib/registry/saved-certificate-damage").read_text()
    assert saved.host.run("steps/save-certificate").returncode == 0
    assert not (saved.host.root / "var/lib/registry/certificate-unsaved").exists()
    assert (saved.folder / "current").read_bytes() != b"damaged"


def test_a_deleted_certificate_is_taken_from_the_version_before_its_deletion(saved: SavedCertificates) -> None:
    saved.have(v1=saved.certificate("whole"))
    (saved.folder / "current").unlink()
    done = saved.host.run("steps/restore-certificate")
    assert (done.returncode, saved.restored()) == (0, "whole")
    assert "the saved certificate was deleted; taking its version v1" in done.stdout


def test_without_a_whole_version_the_host_goes_on_without_one(saved: SavedCertificates) -> None:
    saved.have(v2=b"damaged", v1=b"also")
    done = saved.host.run("steps/restore-certificate")
    assert (done.returncode, saved.restored()) == (0, "none")
    assert "no other version of it is whole" in done.stdout


def test_an_expired_certificate_is_not_damaged_and_no_older_one_is_taken(saved: SavedCertificates) -> None:
    saved.have(v2=saved.certificate("expired", age=timedelta(days=91)), v1=saved.certificate("whole"))
    done = saved.host.run("steps/restore-certificate")
    assert (done.returncode, saved.restored()) == (0, "none")
    assert "the saved certificate cannot be used: the certificate has expired" in done.stdout


def test_a_host_that_may_not_list_versions_goes_on_without_them(saved: SavedCertificates) -> None:
    (saved.folder / "versions").unlink()
    done = saved.host.run("steps/restore-certificate")
    assert (done.returncode, done.stderr) == (0, "aws-api: s3 GetObject: HTTP 404 NoSuchKey: none\n")


def test_a_host_without_a_saved_certificate_says_nothing(saved: SavedCertificates) -> None:
    done = saved.host.run("steps/restore-certificate")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_damaged_folder_is_not_saved_over_a_whole_copy(saved: SavedCertificates) -> None:
    whole = saved.certificate("whole")
    saved.have(v1=whole)
    saved.host.have_certificate()
    (saved.host.root / "etc/letsencrypt/live/registry/privkey.pem").unlink()
    done = saved.host.run("steps/save-certificate")
    assert done.returncode == 1
    assert done.stderr == f"not saved: there is no certificate in {saved.host.root}/etc/letsencrypt\n"
    assert (saved.folder / "current").read_bytes() == whole
    assert (saved.host.root / "var/lib/registry/certificate-unsaved").exists()


def host_with_bucket(saved: SavedCertificates, root: Path) -> RelocatedHost:
    host = RelocatedHost(root, "tools/aws-api", "steps/use-certificate")
    host.stand_in("aws-api", BUCKET)
    (host.tools / "aws-api.bucket").symlink_to(saved.folder)
    host.front_door.close()
    return host


def saved_serial(saved: SavedCertificates) -> bytes:
    """The certificate in the bucket."""
    with tarfile.open(saved.folder / "current") as file:
        found = file.extractfile("./live/registry/cert.pem")
        assert found
        return found.read()


def test_a_host_that_saves_late_leaves_the_newer_certificate_of_another_host(saved: SavedCertificates) -> None:
    saved.have(v2=saved.certificate("newer", age=timedelta(days=1)))
    saved.host.have_certificate(age=timedelta(days=60), lifetime=timedelta(days=300))
    saved.host.write("var/lib/registry/certificate-unsaved", "")
    done = saved.host.run("steps/save-certificate")
    assert done.returncode == 0, done.stderr
    assert (saved.folder / "current").read_bytes() == (saved.folder / "v2").read_bytes()
    assert not (saved.host.root / "var/lib/registry/certificate-unsaved").exists()


@pytest.mark.parametrize(("days", "kept"), [(1, "its own"), (9, "the other's")])
def test_of_two_hosts_that_save_at_once_the_newer_certificate_stays(
    saved: SavedCertificates, days: int, kept: str
) -> None:
    saved.have(v1=saved.certificate("before", age=timedelta(days=60)))
    (saved.folder / "meanwhile").write_bytes(saved.certificate("other", age=timedelta(days=5)))
    saved.host.have_certificate(age=timedelta(days=days))
    done = saved.host.run("steps/save-certificate")
    assert done.returncode == 0, done.stderr
    own = (saved.host.root / CERTIFICATE).read_bytes()
    assert (saved_serial(saved) == own) == (kept == "its own")


def test_two_hosts_that_renewed_in_the_same_second_agree_on_one_certificate(
    saved: SavedCertificates, tmp_path: Path
) -> None:
    issued = datetime.now(UTC)
    hosts = [host_with_bucket(saved, tmp_path / name) for name in ("first", "second")]
    for host in hosts:
        host.have_certificate(issued=issued)
    done = [
        host.run(f"steps/{step}") for step in ("save-certificate", "restore-certificate") for host in (*hosts, *hosts)
    ]
    assert not any(each.returncode for each in done), done
    assert {(host.root / CERTIFICATE).read_bytes() for host in hosts} == {saved_serial(saved)}


def test_a_certificate_for_another_name_is_saved_over(saved: SavedCertificates) -> None:
    saved.host.have_certificate(folder="moved", name="old.example.com", age=timedelta(days=1))
    saved.have(v1=archive(saved.host.root / "moved"))
    saved.host.have_certificate(age=timedelta(days=9))
    assert saved.host.run("steps/save-certificate").returncode == 0
    assert saved_serial(saved) == (saved.host.root / CERTIFICATE).read_bytes()


def test_a_shorter_certificate_that_was_issued_later_is_the_newer_one(saved: SavedCertificates) -> None:
    saved.have(v1=saved.certificate("long", age=timedelta(days=30)))
    short = saved.host.have_certificate(age=timedelta(hours=1), lifetime=timedelta(days=6))
    assert short
    assert saved.host.run("steps/restore-certificate").returncode == 0
    assert saved.restored() == "its own"
    assert saved.host.run("steps/save-certificate").returncode == 0
    assert saved_serial(saved) == (saved.host.root / CERTIFICATE).read_bytes()


def test_many_hosts_that_save_at_once_leave_the_newest_certificate_whole(
    saved: SavedCertificates, tmp_path: Path
) -> None:
    hosts = []
    for days in (40, 10, 30, 20):
        hosts.append(host_with_bucket(saved, tmp_path / f"host-{days}"))
        hosts[-1].have_certificate(age=timedelta(days=days))
    with ThreadPoolExecutor() as pool:
        done = list(pool.map(lambda host: host.run("steps/save-certificate"), hosts))
    assert [each.returncode for each in done] == [0] * 4, [each.stderr for each in done]
    assert saved_serial(saved) == (hosts[1].root / CERTIFICATE).read_bytes()
