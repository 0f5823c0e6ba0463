"""``python -m migrate SOURCE``: copies another registry into this one, and verifies every digest.

It shows a plan first. Stopped at any moment, the same command goes on where it ended.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import requests
from botocore.exceptions import BotoCoreError, ClientError

from doctor.refusals import sentence
from migrate import address, logins, regsync
from migrate.address import Address, AddressError
from migrate.comparison import Comparison
from migrate.logins import Login, LoginError
from migrate.migration import Migration, to_copy
from migrate.progress import Progress
from migrate.registry import OutOfReachError, Registry, RegistryError
from migrate.regsync import ToolError
from migrate.sources import ecr
from migrate.sources.kind import region_of_ecr, repositories
from migrate.sources.listing import ListingError
from migrate.text import not_copied, plan_lines, result_lines

CDK_JSON = Path(__file__).resolve().parents[1] / "cdk.json"
PARALLEL = 8
# The front door lets a user list eight times at once (docs/front-door.md).
LISTS = 8


class UsageError(Exception):
    """The command asks for something that cannot be; nothing was changed."""


def main(arguments: Sequence[str]) -> int:
    """0: every tag is in the target and verified, or the plan was shown. 1: something was not copied, or a registry
    refused. 2: the command is wrong. 130: stopped."""
    given = _parser().parse_args(arguments)
    try:
        return migrate(given)
    except (AddressError, UsageError, ListingError, LoginError) as error:
        print(f"{error}.", file=sys.stderr)
        return 2
    except (RegistryError, ToolError, requests.RequestException) as error:
        print(f"{error}. Run the same command again: it goes on where this one ended.", file=sys.stderr)
        return 1
    except (BotoCoreError, ClientError) as error:
        print(f"{sentence(error)}.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. The same command goes on where this one ended.", file=sys.stderr)
        return 130


def migrate(given: argparse.Namespace) -> int:
    if given.prefix and (problem := address.problem_of(given.prefix)):
        raise UsageError(f"--prefix {given.prefix!r}: {problem}")
    source = _registry(address.parse(given.source))
    target = _registry(_target(given.to))
    # Without a login public images can be copied.
    if source.login:
        source.check_login()
    target.check_login()
    names = _names(source, given.repositories)
    comparison = _comparison(source, target, names, given.prefix, named=bool(given.repositories))
    with Progress("Comparing") as progress:
        findings = comparison.plan(progress.show)
    below = f"{target.address}/{given.prefix}" if given.prefix else str(target.address)
    tags = _counted(sum(map(len, comparison.tags.values())), "tag", "tags")
    print(f"{source.address} to {below}: {_counted(len(names), 'repository', 'repositories')}, {tags}.")
    print("\n".join(plan_lines(findings, overwrite=given.overwrite)))
    reasons: dict[str, str] = {}
    if items := to_copy(findings, overwrite=given.overwrite):
        if not (given.yes or _confirmed()):
            print("Nothing was copied. Add --yes to carry the plan out.")
            return 0
        target.check_push(comparison.rename(items[0].repository))
        migration = Migration(comparison, findings, regsync.program(), given.parallel, given.overwrite)
        findings, reasons = migration.run(), migration.reasons
    checked = comparison.manifests_checked, comparison.layers_checked
    print("\n".join(result_lines(findings, reasons, *checked)))
    return 1 if not_copied(findings) else 0


def _comparison(source: Registry, target: Registry, names: Sequence[str], prefix: str, *, named: bool) -> Comparison:
    """Lists the tags of both sides. ``named`` says that a person named the repositories."""

    def rename(repository: str) -> str:
        return f"{prefix}/{repository}" if prefix else repository

    def tags_of(name: str) -> tuple[list[str], set[str], str]:
        try:
            found = source.tags(name)
            # A list of a registry has empty repositories, too. A person's list has spelling mistakes.
            why = "the source has no tag of it" if named and not found else ""
            is_asked = found and not address.problem_of(rename(name))
            return found, set(target.tags(rename(name))) if is_asked else set(), why
        except OutOfReachError:
            raise
        except (LoginError, RegistryError) as error:
            return [], set(), str(error)

    tags, target_tags, unlisted = {}, {}, {}
    with Progress("Listing the tags of repositories") as progress, ThreadPoolExecutor(LISTS) as pool:
        for name, (found, there, why) in zip(names, pool.map(tags_of, names), strict=True):
            tags[name], target_tags[name] = found, there
            if why:
                unlisted[name] = why
            progress.show(len(tags), len(names))
    return Comparison(source, target, rename, tags, target_tags, unlisted)


def _registry(place: Address) -> Registry:
    """With its login, as far as there is one."""
    login = logins.saved(place.host)
    if login is None and (region := region_of_ecr(place.host)):
        login = _login_of_ecr(region)
    return Registry(place, login, _say)


def _login_of_ecr(region: str) -> Login:
    return ecr.login(_aws("ecr", region))


def _aws(service: str, region: str) -> Any:
    make: Callable[..., Any] = boto3.client
    return make(service, region_name=region)


def _names(source: Registry, file: str) -> list[str]:
    """Raises UsageError, ListingError, LoginError."""
    if not file:
        return repositories(source, source.challenge(), _aws)
    try:
        lines = Path(file).read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--repositories {file}: {error}") from error
    names = list(dict.fromkeys(name for line in lines if (name := line.partition("#")[0].strip())))
    if not names:
        raise UsageError(f"--repositories {file}: there is no name in it; expected one a line, such as team/app")
    if wrong := next((name for name in names if address.problem_of(name)), ""):
        raise UsageError(f"--repositories {file}: {address.problem_of(wrong)}")
    return names


def _target(given: str) -> Address:
    """Raises UsageError, AddressError."""
    domain_name = given or json.loads(CDK_JSON.read_text())["context"]["domain_name"]
    if not domain_name:
        raise UsageError("--to is missing, and cdk.json has no domain_name: expected such as registry.example.com")
    target = address.parse(domain_name)
    if target.folder:
        raise UsageError(f"--to {given!r}: expected a registry's name alone; --prefix {target.folder} names the folder")
    return target


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m migrate", description=__doc__)
    about = "such as registry.old.example.com, docker.io/ORGANISATION, registry.gitlab.com/GROUP, http://10.0.0.5:5000"
    parser.add_argument("source", metavar="SOURCE", help=about)
    parser.add_argument("--to", default="", metavar="REGISTRY", help="default: domain_name of cdk.json")
    parser.add_argument("--prefix", default="", metavar="FOLDER", help="put every repository below this folder")
    about = "copy the repositories that this file names, one a line, instead of all"
    parser.add_argument("--repositories", default="", metavar="FILE", help=about)
    about = "move tags that name another image in the target"
    parser.add_argument("--overwrite", action="store_true", help=about)
    about = f"images at the same time (default: {PARALLEL})"
    parser.add_argument("--parallel", type=int, choices=range(1, 65), default=PARALLEL, metavar="1…64", help=about)
    parser.add_argument("--yes", action="store_true", help="carry the plan out without asking")
    return parser


def _confirmed() -> bool:
    return sys.stdin.isatty() and input("Type migrate to carry this out: ").strip() == "migrate"


def _counted(number: int, one: str, several: str) -> str:
    return f"{number:,} {one if number == 1 else several}"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
