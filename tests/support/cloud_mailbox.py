"""The owner of a mailbox follows the links in its mails."""

from collections.abc import Sequence
from urllib.parse import urlsplit

import requests

from rehearsal.cloud.sns.mail import Letter
from tests.support.cloud_account import Account


def follow(account: Account, link: str) -> int:
    """Follow a link in a mail, without a key; returns the HTTP status."""
    parts = urlsplit(link)
    answer = requests.get(f"{account.cloud.endpoint_url}/?{parts.query}", headers={"Host": parts.netloc}, timeout=5)
    return answer.status_code


def confirm(account: Account, letters: Sequence[Letter]) -> None:
    """Confirm every subscription, by the links in these letters."""
    for letter in letters:
        if letter.link:
            assert follow(account, letter.link) == 200
