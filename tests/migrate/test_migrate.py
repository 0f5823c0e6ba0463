"""``python -m migrate`` from a real registry to the product's front door."""

import json
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal.age import bucket
from tests.support.door_client import DOCKER_LIST, IMAGES, TYPES, Client
from tests.support.dressed_registry import Manners
from tests.support.old_registry import ADDRESS, DRESSED, USER, Done, OldRegistry
from tests.support.waiting import until

SOURCE = f"http://{ADDRESS}"
APP_TAGS = 6 * 16 + 2


@pytest.fixture(autouse=True)
def _logged_in(old: OldRegistry) -> Iterator[None]:
    old.log_in({ADDRESS: USER, DRESSED: USER, "registry.example.com": "pusher"})
    yield
    old.undress()


@pytest.fixture
def only(tmp_path: Path) -> Callable[..., tuple[str, str]]:
    """The options that choose repositories."""

    def choose(*names: str) -> tuple[str, str]:
        file = tmp_path / "repositories"
        file.write_text("\n".join(names))
        return "--repositories", str(file)

    return choose


def digest(client: Client, reference: str) -> str:
    """In the target, asked for by another client."""
    repository, _, tag = reference.replace("@", ":", 1).partition(":")
    answer = client.ask(f"/v2/{repository}/manifests/{tag}", "--head", accept=", ".join(TYPES))
    return answer.headers.get("docker-content-digest", [""])[0]


def attachments(client: Client, repository: str, subject: str) -> set[str]:
    answer = client.ask(f"/v2/{repository}/referrers/{subject}")
    return {each["digest"] for each in json.loads(answer.body)["manifests"]}


def failures(done: Done) -> dict[str, str]:
    """The reasons by item, of the last list."""
    _, _, listed = done.out.partition("Could not be copied")
    return dict(re.findall(r"^    (\S+): (.*)$", listed, re.MULTILINE))


def test_every_tag_signature_and_attachment_is_copied_and_verified(old: OldRegistry, client: Client, only: Any) -> None:
    done = old.migrate(SOURCE, *only("team/app"), "--yes")
    assert done.status == 0, done
    # One image has an attachment.
    assert f"Verified: {APP_TAGS + 1} tags and attachments have the same digest on both sides." in done.out
    found = {tag.name for tag in (old.folder / bucket.REPOSITORIES / "team/app/_manifests/tags").iterdir()}
    listed = json.loads(client.ask("/v2/team/app/tags/list").body)["tags"]
    assert set(listed) == found
    for tag in ("v1.0", next(each for each in found if each.endswith(".sig"))):
        link = old.folder / bucket.REPOSITORIES / f"team/app/_manifests/tags/{tag}/current/link"
        assert digest(client, f"team/app:{tag}") == link.read_text()


def test_an_image_of_several_platforms_arrives_with_all_that_is_attached_below(
    old: OldRegistry, client: Client, only: Any
) -> None:
    children = [old.write_image("team/multi", f"platform {number}") for number in range(2)]
    statement = old.write_image("team/multi", "attestation") | {"annotations": {"vnd.docker.reference.type": "x"}}
    index = old.write_index("team/multi", "1.0", *children, statement)
    old.write_index("team/multi", "docker", *children, media_type=DOCKER_LIST)
    bill = old.attach("team/multi", children[0]["digest"], "bill of materials")
    signature = old.attach("team/multi", bill["digest"], "signature of the bill of materials")
    done = old.migrate(SOURCE, *only("team/multi"), "--prefix", "old", "--yes")
    assert done.status == 0, done
    assert digest(client, "old/team/multi:1.0") == index
    assert digest(client, f"old/team/multi@{statement['digest']}") == statement["digest"]
    assert attachments(client, "old/team/multi", children[0]["digest"]) == {bill["digest"]}
    assert attachments(client, "old/team/multi", bill["digest"]) == {signature["digest"]}


def test_a_second_run_copies_nothing(old: OldRegistry, client: Client, only: Any) -> None:
    log = client.room.logs / "registry"
    before = log.stat().st_size
    done = old.migrate(SOURCE, *only("team/app"))
    assert done.status == 0, done
    assert f"{APP_TAGS + 1}  there already, and verified" in done.out
    assert b" PUT " not in log.read_bytes()[before:]


def test_a_plan_is_shown_before_anything_is_copied(old: OldRegistry, client: Client, only: Any) -> None:
    old.write_image("team/planned", "planned", "1.0")
    done = old.migrate(SOURCE, *only("team/planned"))
    assert (done.status, digest(client, "team/planned:1.0")) == (0, "")
    assert done.out == (
        "127.0.0.1:5300 to registry.example.com: 1 repository, 1 tag.\n"
        "          1  to copy\n"
        "Nothing was copied. Add --yes to carry the plan out.\n"
    )


def test_what_cannot_be_copied_is_listed_with_its_reason_and_the_rest_goes_on(
    old: OldRegistry, client: Client, only: Any
) -> None:
    good = old.write_image("team/mixed", "good", "good")["digest"]
    lost = old.write_image("team/mixed", "a lost layer", "lost")
    manifest = json.loads((old.folder / blob(lost["digest"])).read_text())
    (old.folder / blob(manifest["layers"][0]["digest"])).unlink()
    subject = old.write_image("team/mixed", "subject", "subject")["digest"]
    gone = old.attach("team/mixed", subject, "an attachment that was deleted")["digest"]
    revision = old.folder / bucket.REPOSITORIES / "team/mixed/_manifests/revisions" / gone.replace(":", "/") / "link"
    revision.unlink()
    long = "/".join(["a" * 100, "b" * 100, "c" * 50])
    old.write_image(long, "long", "1.0")
    old.write_image("team/mixed", "large", "large")
    old.dress(Manners(large="large"))
    done = old.migrate(f"http://{DRESSED}", *only("team/mixed", long, "team/mixt"), "--prefix", "old", "--yes")
    assert done.status == 1, done
    assert digest(client, "old/team/mixed:good") == good
    assert digest(client, "old/team/mixed:subject") == subject
    assert f"Gone from the source, so not copied: team/mixed@{gone}" in done.out
    reasons = failures(done)
    assert set(reasons) == {"team/mixed:large", "team/mixed:lost", f"{long}:1.0", "team/mixt:*"}
    assert reasons["team/mixed:large"].startswith("manifest too large")
    assert reasons["team/mixt:*"] == "the source has no tag of it"
    assert manifest["layers"][0]["digest"] in reasons["team/mixed:lost"]
    assert "has 256 characters" in reasons[f"{long}:1.0"]


def test_a_damaged_target_is_noticed_and_mended(old: OldRegistry, client: Client, only: Any) -> None:
    children = [old.write_image("team/damaged", f"child {number}") for number in range(2)]
    old.write_index("team/damaged", "1.0", *children)
    whole = old.write_image("team/damaged", "whole", "2.0")
    assert old.migrate(SOURCE, *only("team/damaged"), "--yes").status == 0
    target = client.room.place(IMAGES)
    layer = json.loads((target / blob(whole["digest"])).read_text())["layers"][0]["digest"]
    with client.registry_gone():
        (target / blob(children[1]["digest"])).unlink()
        (target / blob(layer)).unlink()
    # So long the front door answers with what it has read.
    client.begin_half_minute()
    seen = old.migrate(SOURCE, *only("team/damaged"))
    assert "2  incomplete there, to copy again" in seen.out, seen
    mended = old.migrate(SOURCE, *only("team/damaged"), "--yes")
    assert mended.status == 0, mended
    assert (target / blob(children[1]["digest"])).exists()
    assert (target / blob(layer)).exists()


def test_another_image_of_the_same_tag_stays_until_it_may_be_replaced(
    old: OldRegistry, client: Client, only: Any
) -> None:
    theirs = old.write_image("team/moved", "theirs", "latest")["digest"]
    ours = client.push("team/moved", tag="latest").digest
    kept = old.migrate(SOURCE, *only("team/moved"), "--yes")
    assert kept.status == 1, kept
    assert failures(kept) == {"team/moved:latest": f"the target has {ours} there, the source {theirs}"}
    assert digest(client, "team/moved:latest") == ours
    assert old.migrate(SOURCE, *only("team/moved"), "--yes", "--overwrite").status == 0
    assert digest(client, "team/moved:latest") == theirs


def test_a_stopped_command_goes_on_where_it_ended(old: OldRegistry, client: Client, only: Any) -> None:
    for number in range(30):
        old.write_image("team/stopped", f"stopped {number}", f"{number}")
    arguments = (f"http://{DRESSED}", *only("team/stopped"), "--yes")
    old.dress(Manners(hangs_after=20))
    first = old.begin(*arguments)
    until(lambda: copied(client, "team/stopped") >= 1)
    first.send_signal(signal.SIGINT)
    _, errors = first.communicate(timeout=20)
    old.undress()
    assert (first.returncode, errors.splitlines()[-1]) == (
        130, "Stopped. The same command goes on where this one ended.",
    )  # fmt: skip
    before = copied(client, "team/stopped")
    assert before < 30
    old.dress(Manners())
    log = client.room.logs / "registry"
    size = log.stat().st_size
    second = old.migrate(*arguments)
    old.undress()
    assert second.status == 0, second
    puts = log.read_bytes()[size:].decode().count('"PUT /v2/team/stopped/manifests/')
    # A push that was under way at the stop may have ended after it.
    assert puts <= 30 - before
    assert copied(client, "team/stopped") == 30


def test_a_killed_command_can_be_repeated(old: OldRegistry, client: Client, only: Any) -> None:
    old.dress(Manners(hangs_after=1))
    for number in range(4):
        old.write_image("team/killed", f"killed {number}", f"{number}")
    process = old.begin(f"http://{DRESSED}", *only("team/killed"), "--yes")
    until(lambda: copied(client, "team/killed") >= 1)
    process.kill()
    process.communicate()
    old.undress()
    assert old.migrate(SOURCE, *only("team/killed"), "--yes").status == 0


def test_a_registry_with_tokens_that_is_busy_is_waited_for(old: OldRegistry, client: Client) -> None:
    # The verification alone asks for each of these tags, and so is refused once.
    for number in range(6):
        old.write_image("harbor/app", f"harbor {number}", f"{number}")
    harbor = [{"id": 1, "name": "harbor/app"}, {"id": 2, "name": "team/other"}, {"id": 3, "name": "harbor/empty"}]
    manners = Manners(service="harbor-registry", answers={"/api/v2.0/repositories": harbor}, busy_every=11)
    old.dress(manners)
    done = old.migrate(f"http://{DRESSED}/harbor", "--yes")
    old.undress()
    assert done.status == 0, done
    assert "127.0.0.1:5301/harbor to registry.example.com: 2 repositories, 6 tags." in done.out
    assert "127.0.0.1:5301 asks for fewer requests: waiting 1 s" in done.errors
    assert copied(client, "harbor/app") == 6


def test_a_missing_login_is_told_before_anything_is_copied(old: OldRegistry, only: Any) -> None:
    old.log_in({ADDRESS: USER})
    done = old.migrate(SOURCE, *only("team/app"), "--yes")
    assert (done.status, done.out) == (2, "")
    assert done.errors == "registry.example.com asks for a login: docker login registry.example.com.\n"


def test_a_login_that_the_source_refuses_is_told_before_anything_is_copied(old: OldRegistry, only: Any) -> None:
    old.log_in({ADDRESS: "puller", "registry.example.com": "pusher"})
    done = old.migrate(SOURCE, *only("team/app"), "--yes")
    assert (done.status, done.out) == (2, "")
    assert done.errors == f"the login of puller at {ADDRESS} was refused: docker login {ADDRESS} saves another.\n"


def test_a_login_that_may_only_pull_is_told(old: OldRegistry, only: Any) -> None:
    old.write_image("team/refused", "refused", "1.0")
    old.log_in({ADDRESS: USER, "registry.example.com": "puller"})
    done = old.migrate(SOURCE, *only("team/refused"), "--yes")
    assert done.status == 2, done
    assert "the login of puller at registry.example.com may not push to team/refused" in done.errors


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("acme",), "'acme': expected a registry's name"),
        ((SOURCE, "--repositories", "/none"), "--repositories /none: "),
        ((SOURCE, "--prefix", "Team"), "--prefix 'Team': "),
    ],
)
def test_a_wrong_command_says_what_is_accepted(old: OldRegistry, arguments: tuple[str, ...], error: str) -> None:
    done = old.migrate(*arguments)
    assert (done.status, done.out) == (2, "")
    assert done.errors.startswith(error)


def blob(digest: str) -> Path:
    algorithm, _, name = digest.partition(":")
    return Path(bucket.ROOT, "blobs", algorithm, name[:2], name, "data")


def copied(client: Client, repository: str) -> int:
    tags = client.room.place(IMAGES) / bucket.REPOSITORIES / repository / "_manifests/tags"
    return len(list(tags.glob("*/current/link"))) if tags.exists() else 0
