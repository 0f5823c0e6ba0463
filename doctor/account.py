"""Everything that the checks look with: the settings, AWS as the user, DNS, and the web."""

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import boto3
import requests
from botocore.config import Config

from doctor.deployment import Deployment
from doctor.resolver import Resolver
from stacks.settings.settings import Settings

# The region that the CDK's command line takes if none is set.
DEFAULT_REGION = "us-east-1"
_CONFIG = Config(connect_timeout=5, read_timeout=15, retries={"mode": "standard", "total_max_attempts": 4})

Client = Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class Account:
    """``client`` makes boto3's client of a service, by name. ``region`` is empty if none is set."""

    settings: Settings
    region: str
    client: Client
    resolver: Resolver = field(default_factory=Resolver)
    web: requests.Session = field(default_factory=requests.Session)
    id: str = ""
    deployment: Deployment = field(default_factory=Deployment)


def configured_region(session: boto3.Session) -> str:
    """As the CDK's command line finds it: boto3 alone does not read AWS_REGION. Empty if none is set."""
    return os.environ.get("AWS_REGION") or session.region_name or ""


def clients(session: boto3.Session, region: str) -> Client:
    """One client a service. boto3 cannot make two at the same time, but threads may share one."""
    lock = threading.Lock()
    made: dict[str, Any] = {}
    make: Any = partial(session.client, region_name=region or DEFAULT_REGION, config=_CONFIG)

    def client(service: str) -> Any:
        with lock:
            if service not in made:
                made[service] = make(service)
            return made[service]

    return client
