"""The mailbox of the person who gets the alerts: a file of JSON lines, one for each e-mail."""

import json
import threading
from dataclasses import asdict, dataclass

from rehearsal.contract import run_directory
from rehearsal.machine.workplace import Workplace


@dataclass(frozen=True, slots=True)
class Mail:
    """``link`` confirms the subscription that the mail asks about; a notification has none. ``at`` is ISO 8601."""

    at: str
    to: str
    sender: str
    subject: str
    body: str
    topic_arn: str
    link: str

    def __str__(self) -> str:
        """As a mail program shows it."""
        return f"From: {self.sender}\nTo: {self.to}\nDate: {self.at}\nSubject: {self.subject}\n\n{self.body}"


class Mailbox:
    def __init__(self, workplace: Workplace) -> None:
        self._path = workplace.run / run_directory.MAILBOX
        self._writing = threading.Lock()

    def post(self, mail: Mail) -> None:
        with self._writing, self._path.open("a") as file:
            file.write(f"{json.dumps(asdict(mail))}\n")

    def read(self) -> tuple[Mail, ...]:
        """Every mail, the oldest first."""
        if not self._path.exists():
            return ()
        return tuple(Mail(**json.loads(line)) for line in self._path.read_text().splitlines())
