"""The requests of each client, as docs/usage.md lists them, and the uses that they are."""

import pytest

from userdata.usage.log import Request
from userdata.usage.uses import Looks, uses

DIGEST = "sha256:" + "0" * 64


def request(method: str, reference: str = "1.0", *, at: float = 0, user: str = "bob", status: int = 200) -> Request:
    return Request(at, f"{at}", "192.0.2.1", user, method, "manifests", "team/app", reference, status, DIGEST)


def seen(*requests: Request, now: float = 1000, looks: Looks | None = None) -> list[tuple[str, float, str]]:
    return [(use.kind, use.at, use.by) for use in uses(requests, {} if looks is None else looks, now)]


@pytest.mark.parametrize(
    "requests",
    [
        # docker, containerd, kubelet with containerd, nerdctl, buildkit: the tag's HEAD, and the digest's GET.
        [request("HEAD"), request("GET", DIGEST, at=1)],
        # The same clients, which have the image already.
        [request("HEAD")],
        # podman, skopeo, CRI-O, crane pull: the tag's GET.
        [request("GET")],
        # crane with a HEAD before, docker with a registry that answers HEAD without a digest.
        [request("HEAD"), request("GET", at=1)],
    ],
)
def test_a_pull_counts_once(requests: list[Request]) -> None:
    assert len(seen(*requests)) == 1
    assert seen(*requests)[0][0] == "pull"


def test_a_kubelet_that_looks_each_minute_pulls_each_minute() -> None:
    requests = [request("HEAD", at=at) for at in (0, 70, 140)]
    assert seen(*requests) == [("pull", 0, "bob"), ("pull", 70, "bob"), ("pull", 140, "bob")]


def test_two_looks_at_once_are_two_pulls() -> None:
    assert len(seen(request("HEAD"), request("HEAD", at=1))) == 2


def test_a_look_before_a_push_is_no_pull() -> None:
    pushed = request("PUT", at=20, status=201)
    assert seen(request("HEAD"), pushed) == [("push", 20, "bob")]


def test_requests_count_in_the_order_of_time() -> None:
    assert seen(request("PUT", at=20, status=201), request("HEAD")) == [("push", 20, "bob")]


def test_a_look_of_another_user_before_a_push_is_a_pull() -> None:
    pushed = request("PUT", at=20, status=201, user="alice")
    assert sorted(seen(request("HEAD"), pushed)) == [("pull", 0, "bob"), ("push", 20, "alice")]


def test_a_look_long_before_a_push_is_a_pull() -> None:
    pushed = request("PUT", at=61, status=201)
    assert seen(request("HEAD"), pushed) == [("pull", 0, "bob"), ("push", 61, "bob")]


@pytest.mark.parametrize("status", [400, 403, 404, 500, 503])
def test_a_push_that_failed_is_no_push(status: int) -> None:
    assert seen(request("PUT", status=status)) == []


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_a_digest_alone_is_no_use_of_a_tag(method: str) -> None:
    assert seen(request(method, DIGEST, status=201)) == []


def test_a_deletion_is_no_use() -> None:
    assert seen(request("DELETE", status=202)) == []


def test_a_look_waits_for_the_next_run() -> None:
    looks: Looks = {}
    assert seen(request("HEAD", at=100), now=130, looks=looks) == []
    assert len(looks) == 1
    assert seen(request("GET", at=131), now=140, looks=looks) == [("pull", 131, "bob")]
    assert looks == {}


def test_a_look_that_nothing_follows_counts_in_the_run_after_a_minute() -> None:
    looks: Looks = {}
    seen(request("HEAD", at=100), now=130, looks=looks)
    assert seen(now=161, looks=looks) == [("pull", 100, "bob")]
    assert looks == {}
