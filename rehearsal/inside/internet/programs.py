"""Programs of the internet root, run by chroot."""

import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from signal import Signals

START_TIMEOUT_SECONDS = 20


class StandInError(Exception):
    """A stand-in did not start; the text ends with its last words."""


class Programs:
    """``folder`` gets a log of each program that was started."""

    def __init__(self, root: Path, folder: Path) -> None:
        self._root = root
        self._folder = folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def run(self, argv: Sequence[str]) -> str:
        """Run a program of the internet root to its end; returns its output. Raises StandInError: its exit code is
        not 0."""
        done = subprocess.run(["chroot", str(self._root), *argv], capture_output=True, text=True)
        if done.returncode:
            raise StandInError(f"{' '.join(argv)} failed:\n{done.stdout}{done.stderr}")
        return done.stdout

    def stop(self) -> None:
        for program in self._running.values():
            program.terminate()
        for program in self._running.values():
            program.wait(10)

    def start(self, name: str, argv: Sequence[str], answers_at: tuple[str, int]) -> None:
        """Run a program of the internet root until stop(). Raises StandInError: it does not answer."""
        log = self._folder / f"{name}.log"
        with log.open("ab") as output:
            program = subprocess.Popen(
                ["chroot", str(self._root), *argv], stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
        self._running[name] = program
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while not _answers(answers_at):
            if program.poll() is not None or time.monotonic() > deadline:
                raise StandInError(f"{name} does not answer at {answers_at}; it said:\n{log.read_text()[-2000:]}")
            time.sleep(0.02)

    def kill(self, name: str) -> None:
        program = self._running.pop(name)
        program.kill()
        program.wait()

    def signal(self, name: str, number: Signals) -> None:
        self._running[name].send_signal(number)


def _answers(address: tuple[str, int]) -> bool:
    try:
        socket.create_connection(address, timeout=1).close()
    except OSError:
        return False
    return True
