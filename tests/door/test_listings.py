"""Listings through the front door: pages of the catalog, and deletions that look through all tags."""

import json
import time

import pytest

from rehearsal.room.isolation import RoomError
from tests.support.door_client import REGISTRY, Client

# The engine's own limit (catalog.maxentries).
MOST = 1000


@pytest.mark.parametrize("number", ["1001", "2000", "10000", "100000", "010000", "99999999999999999999"])
@pytest.mark.parametrize("query", ["n={}", "n={}&last=listed%2Fone", "last=listed%2Fone&n={}"])
def test_a_page_above_the_engines_limit_is_the_largest_page(client: Client, number: str, query: str) -> None:
    for name in ("one", "two"):
        client.push(f"listed/{name}", tag="1.0")
    expected = client.ask(f"/v2/_catalog?{query.format(MOST)}", at=REGISTRY, user=None)
    answer = client.ask(f"/v2/_catalog?{query.format(number)}")
    assert (answer.status, answer.body) == (200, expected.body)
    assert "listed/two" in json.loads(answer.body)["repositories"]
    assert ("listed/one" in json.loads(answer.body)["repositories"]) == ("last" not in query)


@pytest.mark.parametrize(
    "query", ["", "?n=1", "?n=1&last=listed/one", "?n=1000", "?n=0", "?n=-1", "?n=many", "?x=n=5000"]
)
def test_any_other_page_is_the_engines_own(client: Client, query: str) -> None:
    client.push("listed/one", tag="1.0")
    expected = client.ask(f"/v2/_catalog{query}", at=REGISTRY, user=None)
    answer = client.ask(f"/v2/_catalog{query}")
    assert (answer.status, answer.body) == (expected.status, expected.body)
    assert answer.headers.get("link") == expected.headers.get("link")


def test_the_catalog_needs_a_login(client: Client) -> None:
    assert client.ask("/v2/_catalog?n=10000", user=None).status == 401
    assert client.ask("/v2/_catalog?n=10000", password="guessed").status == 401  # noqa: S106


def test_a_deletion_ends_although_its_client_hangs_up(client: Client) -> None:
    tagged = client.push("listed/tags", tag="tag-0")
    for number in range(1, 40):
        client.put(tagged, f"tag-{number}")
    with client.registry_silent(), pytest.raises(RoomError):
        # curl's own time is over before the engine reads the request.
        client.ask(tagged.path, "--request", "DELETE", "--max-time", "1", user="pusher")
    deadline = time.monotonic() + 10
    while json.loads(client.ask("/v2/listed/tags/tags/list", at=REGISTRY, user=None).body)["tags"]:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert client.ask(tagged.path).status == 404
