"""The person's laptop on the rehearsal's internet, with docker, skopeo, curl, openssl and aws.

Commands run in a Debian root of their own (rehearsal/machine/roots.py), inside the world's network, so that names
resolve and certificates verify as they would for anyone.
"""

import json
import shlex
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rehearsal.error import RehearsalError


class CommandFailedError(RehearsalError):
    """A client's command ended with an exit code other than 0; the text is the command and its output."""


@dataclass(frozen=True, slots=True)
class Client:
    """``work`` is the client's current folder as the machine sees it; ``registry`` is where ``login`` belongs.
    ``in_world`` makes an argument vector that enters the world and the client's root."""

    work: Path
    registry: str
    environment: Mapping[str, str]
    in_world: Callable[[Sequence[str]], list[str]]
    login: Callable[[], tuple[str, str]]

    def command(self, argv: Sequence[str]) -> list[str]:
        """The command for this machine that runs argv as the client."""
        assignments = [f"{name}={value}" for name, value in self.environment.items()]
        return self.in_world(["env", "--chdir=/work", *assignments, *argv])

    def run(self, *command: str, timeout_seconds: float = 180) -> subprocess.CompletedProcess[str]:
        """Run a command to its end. Raises CommandFailedError: its exit code is not 0, or it took too long."""
        try:
            entered = self.command(command)
            done = subprocess.run(entered, capture_output=True, text=True, input="", timeout=timeout_seconds)
        except subprocess.TimeoutExpired as late:
            raise CommandFailedError(f"{shlex.join(command)}: no end after {timeout_seconds:.0f} s") from late
        if done.returncode:
            raise CommandFailedError(f"{shlex.join(command)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def shell(self, line: str) -> subprocess.CompletedProcess[str]:
        """Run a line as a person would paste it."""
        return self.run("bash", "-o", "pipefail", "-c", line)

    def log_in(self) -> None:
        """docker login, whose login skopeo and crane use too. Raises CommandFailedError: it was refused."""
        user, password = self.login()
        command = ["docker", "login", "--username", user, "--password-stdin", self.registry]
        done = subprocess.run(self.command(command), input=password, capture_output=True, text=True)
        if done.returncode:
            raise CommandFailedError(f"{shlex.join(command)}: exit code {done.returncode}\n{done.stderr}")

    def curl(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run curl with the first login, kept off the command line."""
        user, password = self.login()
        netrc = self.work / "netrc"
        if not netrc.exists():
            netrc.touch(mode=0o600)
            netrc.write_text(f"machine {self.registry} login {user} password {password}\n")
        return self.run("curl", "--silent", "--show-error", "--netrc-file", "netrc", *arguments)

    def status_of(self, url: str, *, user: str | None) -> int:
        """The HTTP status of a GET, as ``user`` (``name:password``) or without a login; redirects not followed."""
        login = ["--user", user] if user else []
        done = self.run("curl", "--silent", "--output", "/dev/null", "--write-out", "%{http_code}", *login, url)
        return int(json.loads(done.stdout))
