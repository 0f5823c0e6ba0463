"""What the owner of a mailbox does in an emulated account."""

from collections.abc import Sequence
from urllib.parse import urlsplit

import requests

from rehearsal.cloud import Letter
from tests.rehearsal.cloud.account import Account


def follow(account: Account, link: str) -> int:
    """A link in a mail, without any key; returns the HTTP status."""
    parts = urlsplit(link)
    answer = requests.get(
        f"{account.cloud.endpoint_url}/?{parts.query}", headers={"Host": parts.netloc}, timeout=5
    )
    return answer.status_code


def confirm(account: Account, letters: Sequence[Letter]) -> None:
    """Every subscription that somebody asked about."""
    for letter in letters:
        if letter.link:
            assert follow(account, letter.link) == 200
