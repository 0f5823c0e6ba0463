"""The front door's targets: ratios of medians, ours against another set-up in the same rounds."""

from collections.abc import Sequence

from bench.door.lists import PAGES
from bench.door.measure import Size
from bench.door.rounds import Results, quotient
from bench.door.setups import BARE, OURS, OWN_TLS, TUTORIAL
from bench.door.tags import COUNTS
from bench.page import Target


def targets(results: Results, size: Size, peers: Sequence[str]) -> list[Target]:
    def against(other: str, storage: str, number: str, *measurements: str) -> list[float | None]:
        return [results.ratio(storage, measurement, number, OURS, other) for measurement in measurements]

    disk = "filesystem"
    bare_digest = against(BARE, "s3", "rps", "digest 64", "digest 8")

    def layers(direction: str, storage: str, of: str) -> Target:
        ratios = against(OWN_TLS, storage, "mb_per_second", *(f"{direction} {count}" for count in size.push_megabytes))
        counts = ", ".join(map(str, size.push_megabytes))
        return Target(f"{direction}{of}: MB/s against own TLS, {counts} clients", 1, ratios, at_least=True)

    cpu = [results.median("s3", each, OURS, "cpu_per_gb") for each in ("pull 1", "pull without redirect")]
    p95 = [results.median(disk, "guessing", OURS, each) for each in ("p95", "idle_p95")]
    return [
        Target("digest, S3: requests/s against bare, 64 and 8 connections", 50, bare_digest, at_least=True),
        Target("digest, S3: p50 against bare", 1 / 30, against(BARE, "s3", "p50", "digest 64")),
        Target("digest: requests/s against bare", 5, against(BARE, disk, "rps", "digest 64"), at_least=True),
        *(
            Target(f"digest: requests/s against {peer}", 3, against(peer, disk, "rps", "digest 64"), at_least=True)
            for peer in peers
        ),
        Target("pulls of a tag just pushed that were stale", 0, [results.median("s3", "fresh", OURS, "stale")]),
        *(
            Target(f"tag: requests/s against {peer}", 1, against(peer, disk, "rps", "tag 64"), at_least=True)
            for peer in peers
        ),
        Target("tag: requests/s against bare", 0.55, against(BARE, disk, "rps", "tag 64"), at_least=True),
        Target("tag: requests/s against the tutorial", 300, against(TUTORIAL, disk, "rps", "tag 64"), at_least=True),
        Target("`/v2/`: requests/s against bare", 0.55, against(BARE, disk, "rps", "/v2/ 64"), at_least=True),
        *(
            layers(direction, storage, of)
            for storage, of in ((disk, ""), ("s3", ", S3"))
            for direction in ("push", "pull")
        ),
        Target("50 pulls at once: slowest against own TLS", 1, against(OWN_TLS, disk, "slowest_seconds", "pull 50")),
        Target(
            "memory with 100,000 tags asked for", 150, [results.median(disk, "memory", OURS, "together")], unit=" MB"
        ),
        Target("CPU s per GB pulled, S3: redirect against none", 0.05, [quotient(*cpu)]),
        Target("p95 of a user during guessing, against idle", 3, [quotient(*p95)]),
    ]


def pull_targets(results: Results) -> list[Target]:
    """Of what a pull asks for, on S3."""

    def against_bare(number: str, *measurements: str) -> list[float | None]:
        return [results.ratio("s3", measurement, number, OURS, BARE) for measurement in measurements]

    many = [f"tags {count}" for count in COUNTS]
    tags = f"tag, S3, 64 connections: {{}} against bare, {', '.join(f'{count:,}' for count in COUNTS)} tags"
    return [
        Target(tags.format("requests/s"), 25, against_bare("rps", *many), at_least=True),
        Target(tags.format("p50"), 1 / 20, against_bare("p50", *many)),
        Target("HEAD by tag, S3: requests/s against bare", 25, against_bare("rps", "HEAD"), at_least=True),
        Target("link to a layer, S3: requests/s against bare", 20, against_bare("rps", "blob 64"), at_least=True),
        Target(
            "page of 100 of 1,000 repositories, of 10,000 tags, S3: ms against bare",
            1.2,
            against_bare("ms", *(name for name in PAGES if name.startswith("page"))),
        ),
        Target(
            "pulls beside 64 clients that list 10,000 tags, S3: p95 against bare",
            1,
            against_bare("p95", "lists beside"),
        ),
        Target("pull storm, S3: slowest client against bare", 0.4, against_bare("slowest_seconds", "storm")),
        Target("pull storm without what S3 sends: the same", 0.4, against_bare("slowest_seconds", "storm of links")),
        Target(
            "pull storm without it, login and image known: the same",
            0.4,
            against_bare("slowest_seconds", "storm again"),
        ),
        Target("pull storm, S3: the registry's S3 requests", 60, [results.median("s3", "storm", OURS, "s3")]),
    ]
