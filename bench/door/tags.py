"""Manifests by tag, of the front door and of the registry behind it: many tags, HEAD, tags just pushed, and memory."""

from pathlib import Path

from bench.door.generators import Numbers, ask_once, load, s3_requests, wrk
from bench.door.setups import BARE, BUCKET, OURS, Setup, Stand
from rehearsal.room.door import LOGINS, MANIFESTS
from rehearsal.room.isolation import family

# How many different tags are asked for, by Zipf's law.
COUNTS = (1, 100, 10_000)
CONNECTIONS = 64
HALF_MINUTE = 30
# Folders of the storage, as driver() of setups names them.
FOLDERS = {BARE: "bare", OURS: "ours"}
PUSHERS = 16
CACHED, CACHED_SECONDS = 100_000, 25


def place_tags(stand: Stand, setup: Setup, count: int) -> str:
    """Give the pushed image's index the tags n1, n2 and so on, as links in the storage. Returns the path up to n."""
    folder = "/srv" if stand.storage == "filesystem" else f"/srv/buckets/{BUCKET}"
    tags = stand.room.place(
        f"{folder}/{FOLDERS[setup.name]}/docker/registry/v2/repositories/bench/image/_manifests/tags"
    )
    digest = (tags / "many/current/link").read_text()
    for number in range(1, count + 1):
        link = tags / f"n{number}/current/link"
        if not link.exists():
            link.parent.mkdir(parents=True)
            link.write_text(digest)
    return stand.image[setup.name]["tag"].rpartition("/")[0] + "/n"


def many(stand: Stand, setup: Setup, count: int, seconds: int) -> Numbers:
    """Requests per second of manifests by so many tags. Many are asked for a whole half minute after another one,
    because our door reads each of them anew in every half minute."""
    path = place_tags(stand, setup, count)
    ask_once(stand, setup, f"{path}1")
    if count > CONNECTIONS * 10:
        seconds = HALF_MINUTE
    if seconds == HALF_MINUTE and setup.name == OURS:
        wrk(stand, setup.url + path, CONNECTIONS, seconds, setup.login, many=count)
    s3_requests(stand)
    seen = wrk(stand, setup.url + path, CONNECTIONS, seconds, setup.login, many=count)
    return {**seen, "s3": s3_requests(stand) / max(1, seen["rps"] * seconds)}


def head(stand: Stand, setup: Setup, seconds: int) -> Numbers:
    """The same of HEAD and one tag."""
    path = stand.image[setup.name]["tag"]
    ask_once(stand, setup, path)
    numbers: Numbers = load(stand, setup, "head", f"-path={path}", f"-clients={CONNECTIONS}", f"-for={seconds}s")
    return numbers


def fresh(stand: Stand, setup: Setup, pushes: int) -> Numbers:
    """How many pulls by tag, right after a push of that tag, had another answer."""
    told = load(stand, setup, "fresh", f"-clients={PUSHERS}", f"-count={pushes}")
    return {"pulls": told["pulls"], "stale": told["stale"], "seconds": told["slowest_seconds"]}


def memory(stand: Stand, setup: Setup) -> Numbers:
    """Megabytes of our nginx and of its caches in memory, after requests for 100,000 different tags."""
    path = place_tags(stand, setup, CACHED)
    wrk(stand, setup.url + path, CONNECTIONS, CACHED_SECONDS, setup.login, many=CACHED)
    processes = sum(
        proportional_bytes(pid) for name in ("nginx", "auth") for pid in family(stand.room.started[name].pid)
    )
    files = [path.stat() for folder in (LOGINS, MANIFESTS) for path in stand.room.place(folder).rglob("*")]
    return {
        "processes": processes / 1e6,
        "files": sum(each.st_blocks for each in files) * 512 / 1e6,
        "count": len(files),
        "together": processes / 1e6 + sum(each.st_blocks for each in files) * 512 / 1e6,
    }


def proportional_bytes(pid: int) -> int:
    """Its share of the memory that it has in common with others (Linux, Documentation/filesystems/proc.rst)."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
