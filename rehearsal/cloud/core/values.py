"""What the rest of the rehearsal sees of the cloud."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AccessKey:
    id: str
    secret: str


@dataclass(frozen=True, slots=True)
class Instance:
    id: str
    private_ip: str
    user_data: bytes
    profile_name: str | None
    image_id: str
    security_group_ids: tuple[str, ...]
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Place:
    """The one account and region the rehearsal plays."""

    account: str
    region: str
