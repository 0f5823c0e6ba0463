"""Faults in the headers of an answer."""

import re
from collections import Counter

# Mozilla's guideline, version 5.8: two years.
LEAST_HSTS_SECONDS = 63_072_000
SAID_ONCE = ("docker-distribution-api-version", "server", "strict-transport-security", "x-content-type-options")

Headers = list[tuple[str, str]]


def faults_over_tls(seen: Headers) -> list[str]:
    times = Counter(name for name, _ in seen)
    faults = [f"{name} is there {times[name]} times" for name in SAID_ONCE if times[name] != 1]
    age = re.search(r"max-age=(\d+)", value_of(seen, "strict-transport-security"))
    if not age or int(age[1]) < LEAST_HSTS_SECONDS:
        faults.append(f"HSTS is {value_of(seen, 'strict-transport-security') or 'missing'}")
    return faults + _versions(seen)


def faults_of_redirect(seen: Headers, target: str) -> list[str]:
    faults = []
    if value_of(seen, ":status") not in ("301", "308"):
        faults.append(f"the status is {value_of(seen, ':status')}, not 301 or 308")
    if value_of(seen, "location") != target:
        faults.append(f"it leads to {value_of(seen, 'location') or 'nowhere'}, not to {target}")
    return faults + _versions(seen)


def _versions(seen: Headers) -> list[str]:
    """A digit in a header that names the program."""
    telling = {"server", "x-powered-by", "via"}
    return [f"{name} tells a version: {value}" for name, value in seen if name in telling and re.search(r"\d", value)]


def value_of(seen: Headers, name: str) -> str:
    return next((value for header, value in seen if header == name), "")


def read_headers(dumped: str) -> Headers:
    """What curl dumped of one answer; the status is the header :status."""
    first, *lines = dumped.strip().splitlines()
    split = [line.partition(":") for line in lines if ":" in line]
    return [(":status", first.split()[1]), *((name.lower(), value.strip()) for name, _, value in split)]
