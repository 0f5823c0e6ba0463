"""Attachments of images: signatures and the like, by the referrers API."""

import json
import subprocess
from typing import Any

from rehearsal.room.isolation import Room
from tests.support.door_client import FRONT, OCI_INDEX, OCI_MANIFEST, Answer, Client, Pushed, curl_as, digest_of

EMPTY = "application/vnd.oci.empty.v1+json"


def attachment(client: Client, subject: Pushed, kind: str, note: str = "") -> str:
    """The text of a manifest that attaches nothing to the subject."""
    empty = {"mediaType": EMPTY, "digest": client.push_blob(subject.repository, "{}"), "size": 2}
    of = {"mediaType": subject.media_type, "digest": subject.digest, "size": len(subject.body)}
    head = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "artifactType": kind, "annotations": {"note": note}}
    return json.dumps(head | {"config": empty, "layers": [empty], "subject": of})


def attach(client: Client, subject: Pushed, kind: str, note: str = "") -> Answer:
    text = attachment(client, subject, kind, note)
    put = ("--request", "PUT", "--header", f"Content-Type: {OCI_MANIFEST}", "--data-binary", "@-")
    return client.ask(f"/v2/{subject.repository}/manifests/{digest_of(text)}", *put, user="pusher", given=text)


def attached(client: Client, subject: Pushed, query: str = "") -> list[dict[str, Any]]:
    answer = client.ask(f"/v2/{subject.repository}/referrers/{subject.digest}{query}", accept=OCI_INDEX)
    assert answer.status == 200, answer
    assert answer.headers["content-type"] == [OCI_INDEX]
    index = json.loads(answer.body)
    assert (index["schemaVersion"], index["mediaType"]) == (2, OCI_INDEX)
    found: list[dict[str, Any]] = index["manifests"]
    return found


def test_an_image_without_attachments_has_an_empty_list(client: Client) -> None:
    assert attached(client, client.push("team/plain", tag="1.0")) == []


def test_an_attachment_is_listed_for_a_user_who_may_only_pull(client: Client) -> None:
    image = client.push("team/signed", tag="1.0")
    told = attach(client, image, "application/vnd.example.signature", "ünï")
    assert told.status == 201
    assert told.headers["oci-subject"] == [image.digest]
    (found,) = attached(client, image)
    assert found == {
        "mediaType": OCI_MANIFEST,
        "digest": told.headers["docker-content-digest"][0],
        "size": len(attachment(client, image, "application/vnd.example.signature", "ünï").encode()),
        "artifactType": "application/vnd.example.signature",
        "annotations": {"note": "ünï"},
    }
    # Clients that do not know the API read the specification's tag.
    by_tag = client.ask(f"/v2/team/signed/manifests/{image.digest.replace(':', '-')}", accept=OCI_INDEX)
    assert json.loads(by_tag.body)["manifests"] == [found]


def test_attachments_of_one_type_can_be_listed(client: Client) -> None:
    image = client.push("team/typed", tag="1.0")
    for kind in ("a/one", "a/two"):
        attach(client, image, kind)
    path = f"/v2/team/typed/referrers/{image.digest}?artifactType=a%2Ftwo"
    answer = client.ask(path)
    assert [each["artifactType"] for each in json.loads(answer.body)["manifests"]] == ["a/two"]
    assert answer.headers["oci-filters-applied"] == ["artifactType"]


def test_attachments_at_the_same_time_are_all_found(client: Client, room: Room) -> None:
    image = client.push("team/together", tag="1.0")
    texts = [attachment(client, image, f"a/{number}") for number in range(24)]
    argv = ["curl", "--parallel", "--parallel-immediate"]
    for number, text in enumerate(texts):
        room.place(f"/srv/attachment-{number}").write_text(text)
        put = ("--request", "PUT", "--header", f"Content-Type: {OCI_MANIFEST}")
        url = f"{FRONT}/v2/team/together/manifests/{digest_of(text)}"
        argv += [*curl_as("pusher")[1:], "--fail", *put, "--data-binary", f"@/srv/attachment-{number}", url, "--next"]
    client.ask("/v2/", "--request", "DELETE", user="pusher")
    done = subprocess.run(room.command(argv[:-1]), check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert {each["digest"] for each in attached(client, image)} == {digest_of(text) for text in texts}


def test_an_attachment_that_is_pushed_twice_is_listed_once(client: Client) -> None:
    image = client.push("team/twice", tag="1.0")
    for _ in range(2):
        assert attach(client, image, "a/one").status == 201
    assert len(attached(client, image)) == 1


def test_a_deleted_attachment_is_not_listed_and_the_next_one_is(client: Client) -> None:
    image = client.push("team/deleted", tag="1.0")
    first = attach(client, image, "a/one").headers["docker-content-digest"][0]
    client.ask(f"/v2/team/deleted/manifests/{first}", "--request", "DELETE", user="pusher")
    assert attached(client, image) == []
    assert attach(client, image, "a/two").headers["oci-subject"] == [image.digest]
    assert [each["artifactType"] for each in attached(client, image)] == ["a/two"]


def test_attachments_that_an_older_client_wrote_by_tag_stay(client: Client) -> None:
    image = client.push("team/older", tag="1.0")
    old = client.push("team/older")
    entry = {"mediaType": OCI_MANIFEST, "digest": old.digest, "size": len(old.body), "artifactType": "a/old"}
    index = Pushed(
        "team/older", "", OCI_INDEX, json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [entry]})
    )
    client.put(index, image.digest.replace(":", "-"))
    attach(client, image, "a/new")
    assert [each["artifactType"] for each in attached(client, image)] == ["a/old", "a/new"]


def test_attachments_need_a_login_and_push_access(client: Client) -> None:
    image = client.push("team/closed", tag="1.0")
    path = f"/v2/team/closed/referrers/{image.digest}"
    assert client.ask(path, user=None).status == 401
    assert client.ask(path, password="guessed").status == 401  # noqa: S106
    text = attachment(client, image, "a/one")
    put = ("--request", "PUT", "--header", f"Content-Type: {OCI_MANIFEST}", "--data-binary", "@-")
    assert client.ask(f"/v2/team/closed/manifests/{digest_of(text)}", *put, given=text).status == 403
    assert attached(client, image) == []


def test_a_registry_that_fails_loses_no_attachment(client: Client) -> None:
    image = client.push("team/failing", tag="1.0")
    attach(client, image, "a/one")
    text = attachment(client, image, "a/two")
    put = ("--request", "PUT", "--header", f"Content-Type: {OCI_MANIFEST}", "--data-binary", "@-")
    with client.registry_dying():
        path = f"/v2/team/failing/manifests/{digest_of(text)}"
        assert client.ask(path, *put, user="pusher", given=text).status == 503
        assert client.ask(f"/v2/team/failing/referrers/{image.digest}").status == 503
    assert client.ask(path, *put, user="pusher", given=text).headers["oci-subject"] == [image.digest]
    assert [each["artifactType"] for each in attached(client, image)] == ["a/one", "a/two"]


def test_a_manifest_of_4_mb_is_stored_and_a_larger_one_is_refused(client: Client) -> None:
    image = client.push("team/large", tag="1.0")
    smallest = len(attachment(client, image, "a/one"))
    assert attach(client, image, "a/one", "x" * ((4 << 20) - smallest)).status == 201
    assert len(attached(client, image)) == 1
    refused = attach(client, image, "a/one", "x" * ((4 << 20) - smallest + 1))
    assert (refused.status, json.loads(refused.body)["errors"][0]["code"]) == (413, "MANIFEST_INVALID")
