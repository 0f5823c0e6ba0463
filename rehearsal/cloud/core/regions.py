"""The account's regions: the registry's, and perhaps another, in which it is deployed when its own is lost."""

from collections.abc import Iterator, Sequence

from rehearsal.cloud.core.engines import Engines

# Their control planes answer in one region, for all. As long as IAM and Route 53 answer, a registry can be deployed.
# https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/global-services.html
GLOBAL = ("iam", "route53", "sts")


class Regions:
    """``here`` are the engines of the region in which the registry is."""

    def __init__(self, engines: Sequence[Engines]) -> None:
        self.here, *self._others = engines
        self.lost: list[str] = []

    def __iter__(self) -> Iterator[Engines]:
        """Of the regions that answer."""
        return iter((self.here, *self._others))

    def of(self, region: str) -> Engines:
        """The engines of a region. What no region has for itself is answered here."""
        return next((each for each in self._others if each.scope.region == region), self.here)

    def lose(self) -> None:
        """The registry's region is lost, with everything in it; from now on the registry is in the other."""
        self.check_other()
        self.lost.append(self.here.scope.region)
        self.here, *self._others = self._others

    def check_other(self) -> None:
        """Raises LookupError: the account has one region."""
        if not self._others:
            raise LookupError("the account uses no other region: start the world with one (up --other-region)")

    def answers(self, region: str, service: str) -> bool:
        return region not in self.lost or service in GLOBAL
