"""A registry without a fault, as the functions see it from outside and inside, and how its hosts answer."""

from datetime import UTC, datetime, timedelta

from lambdas.judge.sight import Inside, Sight
from lambdas.see.facts import Facts
from lambdas.see.http_answer import Answer
from lambdas.see.probe import Names, Outside, Pull, Served
from lambdas.see.run_command import Delivery, Output, Reply

NOW = datetime(2026, 12, 1, 3, 17, tzinfo=UTC)
ADDRESS = "203.0.113.7"
FINGERPRINT = "ab" * 32
HOST = "i-0123456789abcdef0"

CANARY = "app:1.0"
WELCOME = Answer(200)
MANIFEST = Answer(200, body=b'{"schemaVersion":2}')

WELL_OUTSIDE = Outside(
    Names((ADDRESS,)),
    "open",
    None,
    Served("ok", FINGERPRINT, NOW - timedelta(30), NOW + timedelta(60)),
    Answer(401, 'Basic realm="Registry"'),
    Answer(200, body=b'{"repositories":["app"]}'),
    Pull(WELCOME, MANIFEST, CANARY),
    120,
)
WELL_FACTS = Facts(
    instance_id=HOST,
    nginx="active",
    nginx_config="ok",
    auth="active",
    docker="active",
    registry="running",
    registry_restarts=0,
    disk_used_percent=20,
    memory_available_percent=60,
    clock_offset_seconds=0,
    s3="ok",
    certificate="ok",
    certificate_fingerprint=FINGERPRINT,
    catalog=200,
    users_file="ok",
    acme="ok",
    address="held",
    door="401",
    login="200",
    engine="200",
    resolver="ok",
    pulled=CANARY,
    slow_listings=0,
    longest_listing_seconds=0,
)
WELL = Sight(ADDRESS, WELL_OUTSIDE, Inside(Delivery.ANSWERED, WELL_FACTS), NOW)


def lines(facts: Facts) -> str:
    """As the verb ``diagnose`` prints them."""
    known = {name: getattr(facts, name) for name in Facts.__slots__}
    return "".join(f"{name}={value}\n" for name, value in known.items() if value is not None)


def answered(stdout: str, *, succeeded: bool = True, stderr: str = "") -> Reply:
    return Reply(Delivery.ANSWERED, (Output(HOST, succeeded, stdout, stderr),))


def renewed(*, renewed: str = "yes", fingerprint: str = FINGERPRINT) -> str:
    """As the verb ``renew-certificate`` prints it."""
    return f"renewed={renewed}\nfingerprint={fingerprint}\ndays_left=89\nlifetime_days=90\n"
