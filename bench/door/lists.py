"""Lists of the front door and of the registry behind it: what each costs, and many at once the pulls beside them."""

import json
import statistics
import subprocess
from subprocess import Popen

from bench.door import tags
from bench.door.generators import Numbers, ask_once, load_command, s3_requests, wrk
from bench.door.setups import BUCKET, OURS, PASSWORD, USER, Setup, Stand, add_users

REPOSITORIES, TAGS = 1_000, 10_000
PAGES = {
    "page of 100 of 1,000 repositories": "/v2/_catalog?n=100",
    "1,000 repositories": "/v2/_catalog?n=1000",
    "page of 100 of 10,000 tags": "/v2/bench/image/tags/list?n=100",
    "10,000 tags": "/v2/bench/image/tags/list",
}
SAMPLES = 3
OTHER_USER = "other"
# Of each of two users.
ASKERS = 32
PULLED_TAGS, CONNECTIONS, SECONDS = 100, 8, 6


def place(stand: Stand, setup: Setup) -> None:
    """Repositories and tags, as links in the bucket. The image must be pushed before."""
    tags.place_tags(stand, setup, TAGS)
    repositories = stand.room.place(f"/srv/buckets/{BUCKET}/{tags.FOLDERS[setup.name]}/docker/registry/v2/repositories")
    for number in range(REPOSITORIES):
        for part in ("_manifests/tags/one/current", "_layers/sha256/one"):
            folder = repositories / f"many/r{number:04}" / part
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "link").touch()
    if setup.name == OURS:
        add_users(stand, OTHER_USER)


def one(stand: Stand, setup: Setup, path: str) -> Numbers:
    """The milliseconds of one list, the median of SAMPLES, and its requests to S3."""
    ask_once(stand, setup, "/v2/")
    s3_requests(stand)
    login = ("--user", f"{USER}:{PASSWORD}") if setup.login else ()
    curl = ("curl", "--silent", "--fail", "--insecure", "--output", "/dev/null", "--write-out", "%{time_total}")
    seconds = [float(stand.room.run(*curl, *login, setup.url + path).stdout) for _ in range(SAMPLES)]
    return {"ms": statistics.median(seconds) * 1000, "s3": s3_requests(stand) / SAMPLES}


def beside(stand: Stand, setup: Setup) -> Numbers:
    """p50 and p95 in milliseconds of pulls by tag: alone, and while many clients ask for the list of all tags."""
    url = setup.url + tags.place_tags(stand, setup, PULLED_TAGS)
    # Not measured here: the first login and the first reads.
    wrk(stand, url, CONNECTIONS, 1, setup.login, many=PULLED_TAGS)
    alone = wrk(stand, url, CONNECTIONS, SECONDS, setup.login, many=PULLED_TAGS)
    options = (f"-path={PAGES['10,000 tags']}", f"-clients={ASKERS}", f"-for={SECONDS}s")
    commands = [load_command(stand, setup, "list", *options, user=user) for user in (USER, OTHER_USER)]
    askers = [Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) for command in commands]
    pulls = wrk(stand, url, CONNECTIONS, SECONDS, setup.login, many=PULLED_TAGS)
    told = [json.loads(asker.communicate()[0]) for asker in askers]
    return {
        **{f"{key} alone": alone[key] for key in ("p50", "p95")},
        **{key: pulls[key] for key in ("rps", "p50", "p95")},
        **{key: sum(each[key] for each in told) for key in ("answered", "refused")},
    }
