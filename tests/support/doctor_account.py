"""The doctor's view of an emulated account, with a DNS and a web that tests can change."""

import json
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import dns.exception
import dns.rdata
import dns.resolver
import requests
from botocore.config import Config
from requests.adapters import BaseAdapter

from doctor.account import Account as DoctorAccount
from doctor.examination import examine
from doctor.finding import Finding
from doctor.resolver import Resolver
from tests.support.cloud_account import REGION, Account
from tests.support.settings import settings

# One session reads the descriptions of AWS's APIs once, and makes one client at a time.
SESSION, LOCK = boto3.Session(), threading.Lock()
DOMAIN = "registry.example.com"
ZONE = "example.com"
IMAGE_ADDRESS = "https://public.ecr.aws/v2/docker/library/registry/manifests/3.1.2"
TOKEN = "anonymous"  # noqa: S105  what ECR Public gives to everybody
INDEX = {
    "manifests": [
        {"platform": {"os": "linux", "architecture": "amd64"}},
        {"platform": {"os": "linux", "architecture": "arm64"}},
        {"platform": {"os": "unknown", "architecture": "unknown"}},
    ]
}


@dataclass(frozen=True, slots=True)
class Names:
    """DNS by a table: (name, type) -> records. A name with the type SILENT has no answer."""

    table: Mapping[tuple[str, str], Iterable[str]]

    def resolve(self, name: str, kind: str, **_options: Any) -> Any:
        key = name.removesuffix(".")
        if (key, "SILENT") in self.table:
            raise dns.exception.Timeout
        if key not in (known for known, _ in self.table):
            raise dns.resolver.NXDOMAIN
        dot = "." if kind in ("NS", "CNAME") else ""
        texts = (f"{record}{dot}" for record in self.table.get((key, kind), ()))
        return SimpleNamespace(rrset=[dns.rdata.from_text("IN", kind, text) for text in texts])


def resolver_of(table: Mapping[tuple[str, str], Iterable[str]]) -> Resolver:
    library: Any = Names(table)
    return Resolver(library)


@dataclass(slots=True)
class Web(BaseAdapter):
    """ECR Public, with its anonymous token, and crt.sh; anything else does not exist."""

    image: Mapping[str, Any] = field(default_factory=lambda: INDEX)
    image_status: int = 200
    certificates: list[Mapping[str, Any]] = field(default_factory=list)
    logs_answer: bool = True

    def send(self, request: requests.PreparedRequest, *_: Any, **_options: Any) -> requests.Response:
        url = urlsplit(str(request.url))
        if url.netloc == "crt.sh" and self.logs_answer:
            assert parse_qs(url.query)["q"] == [f"%.{ZONE}"]
            return _answer(request, 200, self.certificates)
        if url.netloc == "public.ecr.aws" and url.path == "/token/":
            return _answer(request, 200, {"token": TOKEN})
        if url.netloc == "public.ecr.aws" and request.headers.get("Authorization") != f"Bearer {TOKEN}":
            challenge = 'Bearer realm="https://public.ecr.aws/token/",service="public.ecr.aws",scope="aws"'
            return _answer(request, 401, {}, {"WWW-Authenticate": challenge})
        if url.netloc == "public.ecr.aws":
            return _answer(request, self.image_status if str(request.url) == IMAGE_ADDRESS else 404, self.image)
        raise requests.ConnectionError(f"no route to {url.netloc}")

    def close(self) -> None:
        pass


def _answer(
    request: requests.PreparedRequest, status: int, body: Any, headers: Mapping[str, str] | None = None
) -> requests.Response:
    answer = requests.Response()
    answer.status_code, answer.raw, answer.request = status, BytesIO(json.dumps(body).encode()), request
    answer.headers.update(headers or {})
    return answer


@dataclass(slots=True)
class Patient:
    """An account in which a deployment would succeed, until a test breaks something."""

    account: Account
    zone_id: str
    names: dict[tuple[str, str], Iterable[str]]
    web: Web
    credentials: dict[str, str] = field(default_factory=dict)
    changed_settings: dict[str, object] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """As the doctor makes them, but with an endpoint."""
        keys = self.credentials or {
            "aws_access_key_id": self.account.cloud.administrator.id,
            "aws_secret_access_key": self.account.cloud.administrator.secret,
        }
        patient: Any = Config(retries={"mode": "standard", "total_max_attempts": 4})
        endpoint = self.account.cloud.endpoint_url
        untyped: Any = SESSION.client
        with LOCK:
            made = untyped(service, endpoint_url=endpoint, region_name=REGION, config=patient, **keys)
        if service == "s3control":
            made.meta.events.register("before-send.s3-control", self._without_account)
        return made

    def _without_account(self, request: Any, **_event: Any) -> None:
        """S3 Control puts the account's id before the host's name, which an IP address cannot have."""
        host = urlsplit(self.account.cloud.endpoint_url).netloc
        request.headers["Host"] = urlsplit(request.url).netloc
        request.url = request.url.replace(urlsplit(request.url).netloc, host)

    def findings(self, **changed: object) -> dict[str, Finding]:
        """By subject."""
        session = requests.Session()
        session.mount("https://", self.web)
        known = settings(**{"domain_name": DOMAIN, "hosted_zone": ZONE, **self.changed_settings, **changed})
        found = examine(DoctorAccount(known, REGION, self.client, resolver_of(self.names), session))
        return {finding.subject: finding for finding in found}


def patient_of(account: Account) -> Patient:
    zone_id = account.cloud.create_hosted_zone(ZONE)
    servers = account.client("route53").get_hosted_zone(Id=zone_id)["DelegationSet"]["NameServers"]
    account.client("ssm").put_parameter(Name="/cdk-bootstrap/hnb659fds/version", Value="30", Type="String")
    trust = {"Version": "2012-10-17", "Statement": []}
    name = f"cdk-hnb659fds-cfn-exec-role-{account.cloud.scope.account}-{REGION}"
    iam = account.client("iam")
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
    iam.attach_role_policy(RoleName=name, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    # Being refused once costs a second: one test is enough.
    account.cloud.engines.quotas.asked = True
    patient = Patient(account, zone_id, {(ZONE, "NS"): servers}, Web())
    switches = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    patient.client("s3control").put_public_access_block(
        AccountId=account.cloud.scope.account, PublicAccessBlockConfiguration=dict.fromkeys(switches, True)
    )
    return patient
