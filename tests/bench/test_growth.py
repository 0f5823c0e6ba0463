"""What something costs: requests are counted from the log of the stand-ins' front."""

from bench.growth.meter import Cost, requests

BUCKET = "images-1.s3.amazonaws.com"
LOG = "".join(
    f'10.0.0.4 [2026-11-28T01:12:48+00:00] {host} "{request} HTTP/1.1" 200 222 127.0.0.1:7070\n'
    for host, request in (
        (BUCKET, "GET /?list-type=2&max-keys=1000&prefix=docker%2Fregistry&start-after="),
        (BUCKET, "HEAD /docker/registry/v2/blobs/sha256/aa/aabb/data"),
        ("s3.us-east-1.amazonaws.com", "PUT /state/health.json"),
        (BUCKET, "HEAD /"),
        (BUCKET, "GET /?list-type=2&max-keys=1&prefix="),
        ("ssm.us-east-1.amazonaws.com", "POST /"),
        ("acme-v02.api.letsencrypt.org", "GET /directory"),
    )
)


def test_requests_to_s3_are_counted_without_the_engines_own_check() -> None:
    assert requests(f"half a line\n{LOG}") == (3, 1)


def test_a_cost_shows_its_seconds_and_requests() -> None:
    assert Cost(seconds=0.0567, s3=1).cells() == "57 ms, 1"
    assert Cost(seconds=25.47, s3=166).cells() == "25.5 s, 166"
    assert Cost(seconds=180, s3=400, status="timeout").cells() == "> 180 s, 400"
