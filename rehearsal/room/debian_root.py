"""The Debian root of a room: the packages that the product's host installs, and wrk."""

import os
from dataclasses import replace
from pathlib import Path

from rehearsal.machine import roots
from rehearsal.machine.root_layers import Root, Say
from rehearsal.machine.workplace import Workplace

PACKAGES = ("apache2-utils", "curl", "libnginx-mod-http-js", "nginx", "openssl", "wrk")


def cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "registry-bench"


def door_root(workplace: Workplace, say: Say) -> Root:
    """The rehearsal's base with PACKAGES on top, in a cache of its own: the rehearsal's cache stays as it is."""
    below = roots.base(workplace, say)
    return roots.with_packages(replace(workplace, cache=cache()), below, "door", PACKAGES, say)
