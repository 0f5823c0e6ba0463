"""What can keep a certificate that is due from being renewed: `tick renew` shows each."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from rehearsal.contract import product
from rehearsal.faults import certificate
from rehearsal.faults.bucket import allow_again, deny, host_role
from rehearsal.faults.certificate import AUTHORITY_IS_DOWN
from rehearsal.faults.fault import Fault, Target
from rehearsal.faults.front import put_in_front, take_away
from rehearsal.faults.on_host import not_executable
from rehearsal.faults.reachability import (
    close_port,
    delete_record,
    drop,
    let_through,
    open_port,
    point_elsewhere_by_ipv6,
)
from rehearsal.outside.world import World

# Past a third of its life, and far from its end.
DUE_DAYS = 40
# The ACME stand-in's paths for a new order, and for the end of one.
ORDER, FINALIZE = "/order-plz", "/finalize-order/"
RATE_LIMIT, CAA = "rate-limit", "caa"


def in_the_way(what: str, begin: Callable[[World], Any], end: Callable[[World, Any], None], cause: str = "") -> Fault:
    """An obstacle for a certificate that is due."""

    def begin_with_due(world: World) -> Any:
        due = certificate.put(world, age_days=DUE_DAYS)
        return {"due": due, "obstacle": begin(world)}

    def end_with_due(world: World, remembered: Mapping[str, Any]) -> None:
        end(world, remembered["obstacle"])
        certificate.take_back(world, remembered["due"])

    return Fault(what, begin_with_due, end_with_due, cause)


def _limit_rate(world: World) -> None:
    until = datetime.now(UTC) + timedelta(days=3)
    detail = (
        "too many certificates (5) already issued for this exact set of identifiers in the last 168h0m0s,"
        f" retry after {until:%Y-%m-%d %H:%M:%S} UTC:"
        " see https://letsencrypt.org/docs/rate-limits/#new-certificates-per-exact-set-of-identifiers"
    )
    _refuse(world, RATE_LIMIT, f"= {ORDER}", 429, "rateLimited", detail, "add_header Retry-After 259200 always;")


def _forbid_issue(world: World) -> None:
    """Let's Encrypt looks at CAA again when an order ends; pebble never does."""
    detail = (
        f"Error finalizing order :: While processing CAA for {world.domain}:"
        f" CAA record for {world.domain} prevents issuance"
    )
    _refuse(world, CAA, FINALIZE, 403, "caa", detail)


def _refuse(world: World, name: str, location: str, status: int, kind: str, detail: str, header: str = "") -> None:
    """The authority answers there with an ACME problem."""
    problem = f'{{"type": "urn:ietf:params:acme:error:{kind}", "detail": "{detail}", "status": {status}}}'
    rule = f"default_type application/problem+json; {header} return {status} '{problem}';"
    put_in_front(world, name, f"location {location} {{ {rule} }}\n")


def _forbid_saving(world: World) -> str:
    target = Target.newest(world)
    bucket = target.setting(product.STATE_BUCKET)
    return deny(world, host_role(target), "s3:PutObject", f"arn:aws:s3:::{bucket}/*")


_BROKEN = not_executable("", product.CERTBOT)

FAULTS: Mapping[str, Fault] = {
    "renewal-port-80": in_the_way(
        "a renewal is due, and port 80 is closed", lambda world: close_port(world, 80), open_port
    ),
    "renewal-dns": in_the_way(
        "a renewal is due, and an AAAA record points elsewhere", point_elsewhere_by_ipv6, delete_record
    ),
    "renewal-caa": in_the_way(
        "a renewal is due, and a CAA record forbids it", _forbid_issue, lambda world, _: take_away(world, CAA)
    ),
    "renewal-rate-limited": in_the_way(
        "a renewal is due, and the authority limits the rate",
        _limit_rate,
        lambda world, _: take_away(world, RATE_LIMIT),
    ),
    "renewal-ca-down": in_the_way(
        "a renewal is due, and the authority is down",
        lambda world: drop(world, AUTHORITY_IS_DOWN, "output"),
        lambda world, _: let_through(world, "output"),
    ),
    "renewal-hook-failed": in_the_way(
        "a renewal is due, and the state bucket takes no new certificate", _forbid_saving, allow_again
    ),
    "renewal-failed": in_the_way("a renewal is due, and certbot is damaged", _BROKEN.begin, _BROKEN.end),
}
