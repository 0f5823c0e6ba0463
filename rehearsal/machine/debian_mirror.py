"""The Debian mirror that roots are made from: this machine's own where it has one."""

import subprocess
from dataclasses import dataclass

# The release that every root is of.
RELEASE = "trixie"
DEBIAN_RELEASES = frozenset({"bullseye", "bookworm", "trixie", "forky", "oldstable", "stable", "testing"})


@dataclass(frozen=True, slots=True)
class Mirror:
    """The addresses of Debian and of its security updates."""

    debian: str
    security: str

    @property
    def sources(self) -> tuple[str, ...]:
        return (
            f"deb {self.debian} {RELEASE} main",
            f"deb {self.debian} {RELEASE}-updates main",
            f"deb {self.security} {RELEASE}-security main",
        )


def machine_mirror() -> Mirror:
    """Where this machine's own apt gets Debian from, or Debian's public mirror on another distribution."""
    columns = "$(REPO_URI) $(CODENAME) $(COMPONENT)"
    listing = subprocess.run(
        ["apt-get", "indextargets", "--format", columns, "Created-By: Packages"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return choose_mirror(listing)


def choose_mirror(listing: str) -> Mirror:
    """The first mirrors with Debian's main component among lines of address, codename and component."""
    found: dict[str, str] = {}
    for line in listing.splitlines():
        uri, codename, component = line.split()
        release, _, pocket = codename.partition("-")
        if not uri.startswith(("http://", "https://")) or component != "main" or release not in DEBIAN_RELEASES:
            continue
        uri = uri.rstrip("/")
        if pocket == "security" or (pocket == "" and uri.endswith("/debian")):
            found.setdefault(pocket, uri)
    return Mirror(
        found.get("", "http://deb.debian.org/debian"), found.get("security", "http://deb.debian.org/debian-security")
    )
