"""Copying, which regclient's regsync does: https://regclient.org/usage/regsync/

It gets its orders on standard input, and its log, one JSON object a line, says how far it is.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from migrate.comparison import Item
from migrate.registry import MANIFESTS, Registry

MODULE, VERSION = "github.com/regclient/regclient/cmd/regsync", "v0.11.7"
# Docker Hub takes a pull for each manifest of an image, and says in its answers how many are left.
FEWEST_PULLS_LEFT, PAUSE = 20, "5m"
# After refusals it sends one request to a registry each 30 s, for a quarter of an hour after the last refusal.
LONGEST_BACKOFF_NANOSECONDS = 10 * 10**9


class ToolError(Exception):
    """regsync cannot be built, or does not start; the text says why."""


@dataclass(frozen=True, slots=True)
class Copy:
    """``again`` copies everything below, though the target may have the manifest."""

    source: str
    target: str
    again: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """``began`` and ``failed`` are the source of a copy, and ``why`` is the reason; ``waits`` is for a person. ``lags``
    says that a new start would be quicker."""

    began: str = ""
    failed: str = ""
    why: str = ""
    waits: str = ""
    lags: bool = False

    @property
    def is_busy(self) -> bool:
        """It failed because a registry has asked for fewer requests all the time."""
        # The second is the reason after six answers with Retry-After (internal/reghttp/http.go of v0.11.7).
        return "[http 429]" in self.why or "retry limit exceeded" in self.why

    @property
    def is_unanswered(self) -> bool:
        """It failed, and perhaps because a registry is out of reach."""
        return bool(self.why) and "[http " not in self.why


def program() -> Path:
    """In the user's cache, built once by the pinned Go of `make setup`. Raises ToolError."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    built = cache / f"private-docker-registry/regsync-{VERSION}/regsync"
    if not built.is_file():
        print(f"Building regsync {VERSION} …", file=sys.stderr)
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
        environment = os.environ | {"GOBIN": str(built.parent), "CGO_ENABLED": "0", "PATH": path}
        command = ["go", "install", "-trimpath", "-ldflags=-s", f"{MODULE}@{VERSION}"]
        try:
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        except FileNotFoundError as error:
            raise ToolError("there is no Go to build regsync with: run `make setup`") from error
        if done.returncode != 0:
            raise ToolError(f"regsync {VERSION} cannot be built: {done.stderr.strip()[-500:]}")
    return built


def copy_of(source: Registry, target: Registry, item: Item, repository: str, *, again: bool) -> Copy:
    there = Item(repository, item.reference)
    return Copy(f"{source.address.host}/{item}", f"{target.address.host}/{there}", again)


def orders(source: Registry, target: Registry, copies: Iterable[Copy], parallel: int) -> dict[str, Any]:
    """regsync's configuration. It reads the logins of `docker login` itself; any other is in here."""
    return {
        "version": 1,
        "creds": [_host(each, parallel) for each in (source, target)],
        "defaults": {
            "parallel": parallel,
            "mediaTypes": list(MANIFESTS),
            "ratelimit": {"min": FEWEST_PULLS_LEFT, "retry": PAUSE},
        },
        "sync": [
            {"type": "image", "source": each.source, "target": each.target, "forceRecursive": each.again}
            for each in copies
        ],
    }


def run(tool: Path, order: Mapping[str, Any], hear: Callable[[Event], None], *, overwrite: bool) -> None:
    """Copy what can be copied. Without ``overwrite`` a tag that the target has by now stays. Raises ToolError: it did
    not start."""
    command = [str(tool), "once", "--config", "-", "--logopt", "json", "--verbosity", "debug"]
    command += [] if overwrite else ["--missing"]
    last, heard = "", 0
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None  # noqa: S101
        assert process.stderr is not None  # noqa: S101
        try:
            json.dump(order, process.stdin)
            process.stdin.close()
            for last in process.stderr:
                for event in events(last):
                    heard += 1
                    hear(event)
        except BaseException:
            process.terminate()
            raise
    # An image that was not copied ends it with 1, too.
    if process.returncode != 0 and not heard:
        raise ToolError(f"regsync ended with {process.returncode}: {last.strip()}")


def events(line: str) -> Iterator[Event]:
    """Of one line of the log."""
    if not line.startswith("{"):
        return
    told = json.loads(line)
    match told["msg"]:
        case "Image sync running":
            yield Event(began=told["source"])
        case "Failed to sync":
            yield Event(failed=told["source"], why=" ".join(told["error"].split()))
        case "Delaying for rate limit":
            left = f"{told['source-remain']} of {told['source-limit']} pulls"
            yield Event(waits=f"the source has {left} left for you: waiting {_seconds(told['sleep'])}")
        case "Sleeping for backoff" if told["Duration"] >= 900_000_000:
            waits = f"waiting {_seconds(told['Duration'])} before {told['Host']} is asked again"
            yield Event(waits=waits, lags=told["Duration"] >= LONGEST_BACKOFF_NANOSECONDS)


def _host(registry: Registry, parallel: int) -> dict[str, Any]:
    host: dict[str, Any] = {"registry": registry.address.host, "reqConcurrent": parallel}
    if registry.address.plain:
        host["tls"] = "disabled"
    if registry.login and not registry.login.saved:
        host |= {"user": registry.login.user, "pass": registry.login.password}
    return host


def _seconds(nanoseconds: int) -> str:
    return f"{nanoseconds / 1_000_000_000:.0f} s"
