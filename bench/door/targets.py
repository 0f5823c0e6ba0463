"""What the front door promised: each target with the ratio that shows whether it was kept."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.measure import FULL
from bench.rounds import Results
from bench.setups import BARE, OURS, OWN_TLS, TUTORIAL


@dataclass(frozen=True, slots=True)
class Target:
    """`number` of ours divided by that of `against`, both medians of the same measurement."""

    what: str
    storage: str
    measurement: str
    number: str
    against: str
    bound: float
    at_least: bool = True

    def measured(self, results: Results) -> float | None:
        return results.ratio(self.storage, self.measurement, self.number, OURS, self.against)

    def promise(self) -> str:
        return f"at {'least' if self.at_least else 'most'} {self.bound:.3g}"

    def verdict(self, ratio: float | None) -> str:
        if ratio is None:
            return "not measured"
        return "kept" if (ratio >= self.bound if self.at_least else ratio <= self.bound) else "missed"


TAG = "manifest by tag, filesystem, requests/s against"
PULLS = "50 pulls at once, filesystem, slowest against own TLS"
# fmt: off
FIXED = (
    Target("manifest by digest, S3 at 30 ms, requests/s against bare", "s3", "digest 64", "rps", BARE, 50),
    Target("the same, p50 against bare", "s3", "digest 64", "p50", BARE, 1 / 30, at_least=False),
    Target("the same, requests/s, 8 connections", "s3", "digest 8", "rps", BARE, 50),
    Target("manifest by digest, filesystem, requests/s against bare", "filesystem", "digest 64", "rps", BARE, 5),
    Target("manifest by tag, S3 at 30 ms, requests/s against bare", "s3", "tag 64", "rps", BARE, 0.97),
    Target("the same, 8 connections", "s3", "tag 8", "rps", BARE, 0.97),
    Target(f"{TAG} bare", "filesystem", "tag 64", "rps", BARE, 0.55),
    Target("`/v2/`, filesystem, requests/s against bare", "filesystem", "/v2/ 64", "rps", BARE, 0.55),
    Target(f"{TAG} the tutorial", "filesystem", "tag 64", "rps", TUTORIAL, 300),
    Target("pull storm, S3, slowest client against bare", "s3", "storm", "slowest_seconds", BARE, 0.8, at_least=False),
    Target(PULLS, "filesystem", "pull 50", "slowest_seconds", OWN_TLS, 1, at_least=False),
)
# fmt: on
LAYERS = tuple(
    Target(
        f"{direction}, {title}, MB/s against own TLS, clients: {clients}",
        storage,
        f"{direction} {clients}",
        "mb_per_second",
        OWN_TLS,
        1,
    )
    for storage, title in (("filesystem", "filesystem"), ("s3", "S3"))
    for direction in ("push", "pull")
    for clients in FULL.push_megabytes
)


def targets(peers: Sequence[str]) -> tuple[Target, ...]:
    digest = "manifest by digest, filesystem, requests/s against"
    return (
        *FIXED,
        *LAYERS,
        *(Target(f"{digest} {name}", "filesystem", "digest 64", "rps", name, 3) for name in peers),
    )
