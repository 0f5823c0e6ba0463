"""Clients that push and pull at random until they are told to stop, and write down every acknowledged push."""

import random
import re
import shutil
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.soak.ledger import Ledger, Push
from bench.soak.tools import ClientError, Place, Tool
from bench.soak.verification import differences
from rehearsal.machine.oci_layout import Image, pack, write_image
from rehearsal.machine.registry_image import architecture

REPEAT_SECONDS = (1, 2, 4, 8)
# So long an operation is repeated, after which it has failed for good.
PATIENCE_SECONDS = 300
BETWEEN_SECONDS = 1.0
MOVED = "latest"
# Bytes of a layer, and how often of a hundred.
SIZES = ((2_000, 40), (200_000, 35), (3_000_000, 22), (25_000_000, 3))
MOST_LAYERS = 4
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Failure:
    """``began`` and ``ended`` are seconds since 1970."""

    began: float
    ended: float
    said: str


@dataclass(frozen=True, slots=True)
class Operation:
    """``failures`` are those of the client, with its own retries, before it succeeded or was ``given_up``."""

    client: str
    work: str
    failures: tuple[Failure, ...]
    given_up: bool


@dataclass(slots=True)
class Worker:
    """One client with a repository of its own, so that the order of its pushes is the order of its tags."""

    place: Place
    tool: Tool
    repository: str
    ledger: Ledger
    chance: random.Random
    pause_seconds: float = BETWEEN_SECONDS
    patience_seconds: float = PATIENCE_SECONDS
    operations: list[Operation] = field(default_factory=list)
    pushes: list[Push] = field(default_factory=list)
    unfinished: set[str] = field(default_factory=set)

    def begin(self) -> None:
        """Push and pull once, while nothing is killed. Raises RuntimeError: the client does not work at all."""
        patience, self.patience_seconds = self.patience_seconds, 0
        self.push_new()
        for push in self.pushes:
            self._pull(push)
        self.patience_seconds = patience
        if failed := [each for each in self.operations if each.given_up]:
            raise RuntimeError(f"{self.tool.name} cannot {failed[0].work}: {failed[0].failures[-1].said}")

    def work(self, stop: threading.Event) -> None:
        """Until the event, and then to the end of the operation. Raises RuntimeError: a pull had other bytes."""
        while not stop.wait(self.chance.uniform(0, self.pause_seconds)):
            if self.pushes and self.chance.random() < 0.4:
                self._pull(self.chance.choice(self.pushes))
            else:
                self.push_new()

    def push_new(self) -> None:
        number = len(self.operations)
        image = self._image(f"{self.repository.replace('/', '-')}-{number}")
        manifest = self._push(image, str(number))
        # A tag that moves, to an image whose layers are there.
        if manifest and self.chance.random() < 0.4:
            self._push(image, MOVED)
        shutil.rmtree(image.layout)

    def _push(self, image: Image, tag: str) -> bool:
        reference = f"{self.place.registry}/{self.repository}:{tag}"
        said = self._do("push", self.tool.push, image.layout.name, reference, image.contents)
        if said is None:
            # Whether the registry has it is not known.
            self.unfinished.add(tag)
            return False
        manifest = DIGEST.findall(said)[-1] if self.tool.makes_manifest else image.manifest_digest
        push = Push(time.time(), self.tool.name, self.repository, tag, manifest, image.contents)
        self.ledger.add(push)
        self.pushes.append(push)
        return True

    def _pull(self, push: Push) -> None:
        last = next(each for each in reversed(self.pushes) if each.tag == push.tag)
        by_tag = last.manifest == push.manifest and push.tag not in self.unfinished
        reference = f"{self.place.registry}/{push.by_tag if by_tag else push.by_digest}"
        name = f"{self.repository.replace('/', '-')}-pulled"
        layout = self.place.folder / name
        self._do("pull", self.tool.pull, name, reference, push.contents)
        wrong = next(differences(push, layout), "") if layout.exists() else ""
        shutil.rmtree(layout, ignore_errors=True)
        if wrong:
            raise RuntimeError(f"{reference}: {wrong}")

    def _do(self, work: str, line: str, layout: str, reference: str, contents: Sequence[str]) -> str | None:
        """The output of the command that succeeded at last; None if it was given up."""
        line = line.format(layout=layout, reference=reference, contents=" ".join(contents))
        failures: list[Failure] = []
        first = time.monotonic()
        said, given_up = None, False
        while said is None and not given_up:
            began = time.time()
            try:
                said = self.place.run(line)
            except ClientError as error:
                failures.append(Failure(began, time.time(), str(error)))
                if work == "pull":
                    shutil.rmtree(self.place.folder / layout, ignore_errors=True)
                given_up = time.monotonic() - first > self.patience_seconds
                time.sleep(0 if given_up else REPEAT_SECONDS[min(len(failures), len(REPEAT_SECONDS)) - 1])
        self.operations.append(Operation(self.tool.name, work, tuple(failures), given_up))
        return said

    def _image(self, name: str) -> Image:
        sizes = self.chance.choices(*zip(*SIZES, strict=True), k=self.chance.randint(1, MOST_LAYERS))
        layers = [pack({f"payload-{number}": self.chance.randbytes(size)}) for number, size in enumerate(sizes)]
        return write_image(self.place.folder / name, *layers, architecture=architecture(), config={"Cmd": ["/payload"]})


@dataclass(slots=True)
class Clients:
    """Workers in threads, from the beginning to the end of ``with``."""

    workers: Sequence[Worker]
    failed: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> "Clients":
        for worker in self.workers:
            thread = threading.Thread(target=self._run, args=(worker,), name=worker.repository, daemon=True)
            self._threads.append(thread)
            thread.start()
        return self

    def __exit__(self, *_raised: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self, worker: Worker) -> None:
        try:
            worker.work(self._stop)
        except Exception as error:  # noqa: BLE001  the report has it
            self.failed.append(f"{worker.repository}: {type(error).__name__}: {error}")

    @property
    def operations(self) -> tuple[Operation, ...]:
        return tuple(each for worker in self.workers for each in tuple(worker.operations))
