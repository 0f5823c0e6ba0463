"""Steps that look where an attacker would: TLS, headers, open ports, and places where a secret may leak."""

import json
import re
import subprocess
from collections import Counter
from pathlib import Path

from rehearsal.contract import product
from rehearsal.story.security import search_host, tls_scanner
from rehearsal.story.security.leaks import contents_outside, secret_values
from rehearsal.story.security.search_host import named_in
from rehearsal.story.step import Story, expect

# The container gets the HTTP secret in its environment, which root can see, and the container itself.
EXPECTED = {
    ("environments", "registry of registry", product.HTTP_SECRET_KEY),
    ("docker inspect", f"docker inspect {product.CONTAINER}", product.HTTP_SECRET_KEY),
}
# Mozilla's guideline, version 5.8: two years.
LEAST_HSTS_SECONDS = 63_072_000
SAID_ONCE = (
    "content-security-policy",
    "docker-distribution-api-version",
    "server",
    "strict-transport-security",
    "x-content-type-options",
)

Headers = list[tuple[str, str]]


def tls(story: Story) -> str:
    world = story.world
    python = tls_scanner.prepare(world.workplace, story.say)
    scan = world.command(tls_scanner.command(python, story.domain, world.state.ca_bundle))
    done = subprocess.run(scan, capture_output=True, text=True, timeout=60)
    verdict = tls_scanner.verdict(done.stdout)
    complies = done.returncode == 0 and tls_scanner.COMPLIANT in verdict
    expect(complies, "no deviation from Mozilla's intermediate configuration", verdict + done.stderr)
    # sslyze's own OpenSSL is older than the hybrid key exchange.
    shown = story.client.shell(
        f"openssl s_client -connect {story.domain}:443 -servername {story.domain} -groups X25519MLKEM768"
        " < /dev/null 2>&1"
    ).stdout
    agreed = "Negotiated TLS1.3 group: X25519MLKEM768"
    expect(agreed in shown, agreed, shown[-500:])
    return "sslyze: no deviation from Mozilla's intermediate configuration; openssl agrees on X25519MLKEM768"


def headers(story: Story) -> str:
    secure, plain = f"https://{story.domain}", f"http://{story.domain}"
    manifest = f"{secure}/v2/demo/manifests/1.0"
    asked = {
        url: _headers(story, url, login=True)
        for url in (f"{secure}/", f"{secure}/v2/", manifest, f"{secure}/v2/none/tags/list")
    }
    asked |= {url: _headers(story, url, login=False) for url in (f"{secure}/v2/_catalog", f"{secure}/elsewhere")}
    faults = [f"{url}: {fault}" for url, seen in asked.items() for fault in faults_over_tls(seen)]
    for path in ("/", "/v2/", "/v2/demo/manifests/1.0"):
        seen = _headers(story, f"{plain}{path}", login=False)
        faults += [f"{plain}{path}: {fault}" for fault in faults_of_redirect(seen, f"{secure}{path}")]
    challenge = _headers(story, f"{plain}/.well-known/acme-challenge/none", login=False)
    if value_of(challenge, ":status") != "404":
        faults.append(f"an unknown challenge is answered with {challenge}")
    expect(not faults, "no fault in any header", "\n".join(faults))
    return f"{len(asked)} answers over TLS with HSTS and no version; port 80 redirects, and answers challenges itself"


def listeners(story: Story) -> str:
    host = story.world.hosts()[0]
    seen = story.world.run_on_host(host, "ss", "-H", "--listening", "--tcp", "--udp", "--numeric", "--processes")
    expect(seen.returncode == 0, "ss to work", seen.stderr)
    found = listening(seen.stdout)
    expect(found == set(product.LISTENERS), f"exactly {sorted(product.LISTENERS)} to listen", sorted(found))
    return f"{', '.join(sorted(found))} listen on {host.id}, and nothing else"


def secrets(story: Story) -> str:
    host = story.world.hosts()[0]
    values = secret_values(story, host)
    places = {
        "control": product.HTTP_SECRET_FILE,
        "container": product.CONTAINER,
        "from_packages": product.CERTBOT_PACKAGES,
    }
    source = Path(search_host.__file__).read_text()
    program = f"{source}\nimport json\nprint(json.dumps(search({values!r}, **{places!r})))\n"
    done = story.world.run_on_host(host, "python3", "-I", "-", stdin=program)
    expect(done.returncode == 0, "the host to be searched", done.stderr)
    told = json.loads(done.stdout)
    found = {(place, where, name) for place, where, name in told["found"]}
    counts = Counter(told["counts"])
    for place, where, content in contents_outside(story.world, story.outputs):
        counts[place] += 1
        found |= {(place, where, name) for name in named_in(content, values)}
    control = told["control"]
    expect(control == [product.HTTP_SECRET_KEY], "the search to find the HTTP secret where it is", control)
    expect(all(counts.values()), "something to search in every place", dict(counts))
    expect(found == EXPECTED, f"no secret but {sorted(EXPECTED)}", sorted(found ^ EXPECTED))
    forms = sum(map(len, values.values()))
    return (
        f"{len(values)} secrets in {forms} forms, {counts.total()} contents of {len(counts)} places searched"
        f" ({counts['what others can see']} files that any user of the host can see): none is there,"
        " but the HTTP secret in the registry's own environment"
    )


def listening(printed: str) -> set[str]:
    """Lines of ``ss -H -l -t -u -n -p``: protocol, state, queues, local address, peer, processes."""
    found = set()
    for line in printed.splitlines():
        protocol, _state, _received, _sent, local, _peer, *processes = line.split(maxsplit=6)
        program = re.search(r'"([^"]+)"', processes[0]) if processes else None
        found.add(f"{protocol} {local} {program[1] if program else 'unknown'}")
    return found


def _headers(story: Story, url: str, *, login: bool) -> Headers:
    dump = ("--dump-header", "-", "--output", "/dev/null", url)
    if login:
        return read_headers(story.client.curl(*dump).stdout)
    return read_headers(story.client.run("curl", "--silent", "--show-error", *dump).stdout)


def faults_over_tls(seen: Headers) -> list[str]:
    times = Counter(name for name, _ in seen)
    faults = [f"{name} is there {times[name]} times" for name in SAID_ONCE if times[name] != 1]
    age = re.search(r"max-age=(\d+)", value_of(seen, "strict-transport-security"))
    if not age or int(age[1]) < LEAST_HSTS_SECONDS:
        faults.append(f"HSTS is {value_of(seen, 'strict-transport-security') or 'missing'}")
    policy = value_of(seen, "content-security-policy")
    if not policy.startswith("default-src 'none';") or "unsafe" in policy:
        faults.append(f"the policy for browsers is {policy or 'missing'}")
    return faults + _versions(seen)


def faults_of_redirect(seen: Headers, target: str) -> list[str]:
    faults = []
    if value_of(seen, ":status") not in ("301", "308"):
        faults.append(f"the status is {value_of(seen, ':status')}, not 301 or 308")
    if value_of(seen, "location") != target:
        faults.append(f"it leads to {value_of(seen, 'location') or 'nowhere'}, not to {target}")
    return faults + _versions(seen)


def _versions(seen: Headers) -> list[str]:
    """A digit in a header that names the program."""
    telling = {"server", "x-powered-by", "via"}
    return [f"{name} tells a version: {value}" for name, value in seen if name in telling and re.search(r"\d", value)]


def value_of(seen: Headers, name: str) -> str:
    return next((value for header, value in seen if header == name), "")


def read_headers(dumped: str) -> Headers:
    """What curl dumped of one answer; the status is the header :status."""
    first, *lines = dumped.strip().splitlines()
    split = [line.partition(":") for line in lines if ":" in line]
    return [(":status", first.split()[1]), *((name.lower(), value.strip()) for name, _, value in split)]
