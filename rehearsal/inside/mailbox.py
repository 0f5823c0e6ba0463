"""The mailbox of whoever gets the alerts: a file of JSON lines in the run directory, one for each e-mail."""

import json
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from rehearsal.cloud import Letter
from rehearsal.machine.workplace import Workplace


@dataclass(frozen=True, slots=True)
class Mail:
    """``link`` confirms the subscription that the mail asks about; a notification has none."""

    at: str
    to: str
    sender: str
    subject: str
    body: str
    topic_arn: str
    link: str


class Mailbox:
    def __init__(self, workplace: Workplace, say: Callable[[str], None] = lambda _text: None) -> None:
        self._path = workplace.run / "mail.jsonl"
        self._say = say
        self._writing = threading.Lock()

    def post(self, letter: Letter) -> None:
        """Deliver it now."""
        line = json.dumps({"at": datetime.now(UTC).isoformat(timespec="seconds"), **asdict(letter)})
        with self._writing, self._path.open("a") as file:
            file.write(f"{line}\n")
        self._say(f"mail to {letter.to}: {letter.subject}")

    def read(self) -> tuple[Mail, ...]:
        """Every mail, the oldest first."""
        if not self._path.exists():
            return ()
        return tuple(Mail(**json.loads(line)) for line in self._path.read_text().splitlines())


def printed(mail: Mail) -> str:
    """As a mail program shows it."""
    return f"From: {mail.sender}\nTo: {mail.to}\nDate: {mail.at}\nSubject: {mail.subject}\n\n{mail.body}"
