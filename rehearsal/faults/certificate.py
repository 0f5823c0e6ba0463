"""What can be wrong with the certificate."""

from collections.abc import Mapping
from typing import Any

from rehearsal.contract import product
from rehearsal.contract.world_network import ACME_PORT
from rehearsal.faults.fault import Fault, Target, on_newest_host
from rehearsal.faults.made_certificate import KEPT, put, refuse_second, take_back, use
from rehearsal.faults.reachability import drop, let_through
from rehearsal.outside.world import World

# The rule of the packet filter for it.
AUTHORITY_IS_DOWN = f"tcp dport {ACME_PORT} reject with tcp reset"


def replaced(what: str, *, authority_down: bool = False, **certificate: Any) -> Fault:
    """Another certificate is in place (see put()). ``authority_down``: it cannot be renewed."""

    def begin(world: World) -> Any:
        if authority_down:
            drop(world, AUTHORITY_IS_DOWN, "output")
        return put(world, **certificate)

    def end(world: World, remembered: Any) -> None:
        if authority_down:
            let_through(world, "output")
        take_back(world, remembered)

    return Fault(what, begin, end)


def _lose(target: Target) -> None:
    """As on a host that never got one: it serves its placeholder."""
    refuse_second(target)
    target.do("mv", product.ACME_FOLDER, KEPT)
    use(target, product.PLACEHOLDER_CERTIFICATE)


def _find(target: Target) -> None:
    target.do("rm", "--recursive", "--force", product.ACME_FOLDER)
    target.do("mv", KEPT, product.ACME_FOLDER)
    use(target)


FAULTS: Mapping[str, Fault] = {
    "certificate-missing": on_newest_host("the host has no certificate, and serves its placeholder", _lose, _find),
    "certificate-expired": replaced(
        "the certificate is 91 of its 90 days old, and the authority is down", age_days=91, authority_down=True
    ),
    "certificate-expiring": replaced(
        "the certificate is 74 of its 90 days old, and the authority is down", age_days=74, authority_down=True
    ),
    "certificate-wrong-name": replaced("the certificate is for another name", age_days=1, name="other.example.com"),
    "certificate-untrusted": replaced(
        "the certificate is signed by an unknown authority", age_days=1, self_signed=True
    ),
    "certificate-not-served": replaced(
        "a new certificate is on disk, and nginx was not reloaded", age_days=0.1, served=False
    ),
}
