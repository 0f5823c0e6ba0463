"""Records of the registry's own name that are in the way, and who may issue certificates for it."""

import re
from dataclasses import dataclass
from typing import Any

from doctor.account import Account
from doctor.before import zone
from doctor.finding import Finding, Outcome
from stacks.settings.forms import ACME_DIRECTORIES

RECORDS = "records of the name"
CAA = "CAA records"
AUTHORITY = "letsencrypt.org"
# Written by the stack, or harmless beside an A record.
_IN_THE_WAY = ("A", "AAAA", "CNAME")
# RFC 8659 4.1: flags, tag, "value"
_CAA = re.compile(r'\d+ (\w+) "([^"]*)"')


@dataclass(frozen=True, slots=True)
class Records:
    """``a``, ``aaaa`` and ``cname`` are what clients see. ``in_zone`` are the types that the hosted zone holds."""

    a: tuple[str, ...] = ()
    aaaa: tuple[str, ...] = ()
    cname: tuple[str, ...] = ()
    in_zone: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Authorities:
    """The CAA records that count, and the name that has them. RFC 8659 3: the name itself, or the next one above."""

    name: str = ""
    records: tuple[str, ...] = ()


def look(account: Account) -> Records:
    name, resolver = account.settings.domain_name, account.resolver
    zones = zone.look(account) if account.settings.hosted_zone else ()
    in_zone = _in_zone(account.client("route53"), zones[0].id, name) if len(zones) == 1 else ()
    a, aaaa, cname = (resolver.records(name, kind) for kind in _IN_THE_WAY)
    return Records(a, aaaa, cname, in_zone)


def _in_zone(route53: Any, zone_id: str, name: str) -> tuple[str, ...]:
    answer = route53.list_resource_record_sets(HostedZoneId=zone_id, StartRecordName=f"{name}.", MaxItems="20")
    return tuple(
        row["Type"] for row in answer["ResourceRecordSets"] if row["Name"] == f"{name}." and row["Type"] in _IN_THE_WAY
    )


def judge(seen: Records, own_address: str, domain_name: str) -> Finding:
    """``own_address`` is the registry's; empty before the first deployment."""
    expected = own_address or "none before the first deployment"
    shown = _shown(seen)
    if seen.aaaa or "AAAA" in seen.in_zone:
        cure = "The host has IPv4 only; clients and Let's Encrypt prefer IPv6. Delete the AAAA record."
        return Finding(RECORDS, Outcome.FAILURE, shown, expected, cure)
    if own_address:
        if seen.a == (own_address,):
            return Finding(RECORDS, Outcome.OK, shown, expected)
        cure = f"Set the A record of {domain_name} to {own_address}, and to no other address."
        return Finding(RECORDS, Outcome.FAILURE, shown, expected, cure)
    if seen.in_zone:
        kinds = " and ".join(seen.in_zone)
        cure = f"CloudFormation creates no record beside or over it. Delete the {kinds} record of {domain_name}."
        return Finding(RECORDS, Outcome.FAILURE, shown, expected, cure)
    if seen.cname:
        cure = f"Replace the CNAME record of {domain_name} by an A record once the address is known."
        return Finding(RECORDS, Outcome.WARNING, shown, expected, cure)
    if seen.a:
        cure = f"The name leads elsewhere until {domain_name} has an A record with the output PublicAddress."
        return Finding(RECORDS, Outcome.WARNING, shown, expected, cure)
    return Finding(RECORDS, Outcome.OK, "none", expected)


def _shown(seen: Records) -> str:
    named = {"A": seen.a, "AAAA": seen.aaaa, "CNAME": seen.cname}
    answers = [f"{kind} {', '.join(values)}" for kind, values in named.items() if values]
    unseen = [f"{kind} in the hosted zone" for kind in seen.in_zone if not named[kind]]
    return "; ".join((*answers, *unseen)) or "none"


def look_for_authorities(account: Account) -> Authorities:
    labels = account.settings.domain_name.split(".")
    for start in range(len(labels)):
        name = ".".join(labels[start:])
        if records := account.resolver.records(name, "CAA"):
            return Authorities(name, records)
    return Authorities()


def judge_authorities(seen: Authorities) -> Finding:
    """RFC 8659 4.2, and RFC 8657 for the methods: the host answers a challenge on port 80 (http-01)."""
    expected = f"{AUTHORITY} allowed, or no CAA record"
    found = [_CAA.match(record) for record in seen.records]
    issuers = [match[2] for match in found if match and match[1] == "issue"]
    if not issuers:
        return Finding(CAA, Outcome.OK, "none", expected)
    shown = f"{seen.name} allows {', '.join(issuer or 'nobody' for issuer in issuers)}"
    if any(map(_allows_http, issuers)):
        return Finding(CAA, Outcome.OK, shown, expected)
    cure = f'Add the record `{seen.name}. CAA 0 issue "{AUTHORITY}"`.'
    return Finding(CAA, Outcome.FAILURE, shown, expected, cure)


def _allows_http(issuer: str) -> bool:
    authority, *parameters = (part.strip() for part in issuer.split(";"))
    named = dict(parameter.split("=", 1) for parameter in parameters if "=" in parameter)
    methods = named.get("validationmethods", "http-01").split(",")
    return authority == AUTHORITY and "http-01" in methods and "accounturi" not in named


def check(account: Account) -> list[Finding]:
    found = judge(look(account), account.deployment.address, account.settings.domain_name)
    if account.settings.acme_directory not in ACME_DIRECTORIES:
        return [found]
    return [found, judge_authorities(look_for_authorities(account))]
