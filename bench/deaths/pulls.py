"""A client that pulls the same image all the time, over new connections, with its login."""

import shutil
import threading
import time
from dataclasses import dataclass, field

from bench.rolling.operations import Operation
from rehearsal.machine.oci_layout import REFERENCE, Image, layers_of
from rehearsal.outside.client import Client, CommandFailedError

# A person who waits longer tries again.
PATIENCE_SECONDS = 3
PAUSE_SECONDS = 0.1


@dataclass(slots=True)
class Pulls:
    """Pulls until the end of ``with``. Moments are seconds of the machine's monotonic clock."""

    client: Client
    image: Image
    reference: str
    done: list[Operation] = field(default_factory=list)
    differing: int = 0
    _ending: threading.Event = field(default_factory=threading.Event)
    _puller: threading.Thread | None = None

    def __enter__(self) -> "Pulls":
        self._puller = threading.Thread(target=self._pull_on, name="pulls", daemon=True)
        self._puller.start()
        return self

    def __exit__(self, *_raised: object) -> None:
        self._ending.set()
        if self._puller:
            self._puller.join()

    def has_succeeded_since(self, moment: float) -> bool:
        return any(each.exit_code == 0 and each.began >= moment for each in tuple(self.done))

    def _pull_on(self) -> None:
        while not self._ending.is_set():
            began = time.monotonic()
            succeeded = self._pull()
            self.done.append(Operation(began, time.monotonic(), 0 if succeeded else 1))
            self._ending.wait(PAUSE_SECONDS)

    def _pull(self) -> bool:
        pulled = self.client.work / "pulled"
        shutil.rmtree(pulled, ignore_errors=True)
        copy = ("skopeo", "copy", "--quiet", f"docker://{self.reference}", f"oci:pulled:{REFERENCE}")
        try:
            self.client.run("timeout", str(PATIENCE_SECONDS), *copy)
        except CommandFailedError:
            return False
        self.differing += layers_of(pulled) != {self.image.layer_digest: self.image.layer_digest}
        return True


def seconds_until_pulls_work(done: list[Operation], death: float) -> float:
    """From the death to the end of the first pull after which none failed."""
    after = [each for each in done if each.began >= death]
    last_failure = max((number for number, each in enumerate(after) if each.exit_code), default=-1)
    return after[last_failure + 1].ended - death
