"""Steps on the server itself: docker there, and the host's scripts once more."""

import json
import time
from typing import Any

from rehearsal.contract import product
from rehearsal.contract.world_state import Host
from rehearsal.outside import own_command
from rehearsal.story.images import expect_catalog
from rehearsal.story.step import Story, expect

IMAGE = f"{product.REGISTRY_ON_HOST}/on-the-server:1.0"


def catalog_on_host(story: Story) -> str:
    host = story.world.hosts()[0]
    url = f"http://{product.REGISTRY_ON_HOST}/v2/_catalog"
    printed = story.world.run_on_host(host, "curl", "-sS", url).stdout
    expect_catalog(printed)
    return f"on the server: curl {url}  →  {printed.strip()}"


def docker_on_host(story: Story) -> str:
    host = story.world.hosts()[0]
    tag = ("tag", product.registry_image(), IMAGE)
    for command in (tag, ("push", "--quiet", IMAGE), ("rmi", IMAGE), ("pull", "--quiet", IMAGE)):
        done = story.world.run_on_host(host, "docker", *command)
        expect(done.returncode == 0, f"docker {' '.join(command)} to work", done.stdout + done.stderr)
    return f"docker push and docker pull {IMAGE} work on the server"


def usage(story: Story) -> str:
    host = story.world.hosts()[0]
    by = f"by {product.FIRST_USER} "
    # nginx writes its buffers after it is told to open its logs anew, and the unit the usage when it stops.
    for _ in range(5):
        for command in (("nginx", "-s", "reopen"), ("systemctl", "restart", product.LAST_USAGE)):
            done = story.world.run_on_host(host, *command)
            expect(done.returncode == 0, f"{' '.join(command)} to work", done.stderr)
        told = own_command.run(story.world, *product.USAGE, f"{story.domain}/demo:1.0")
        if told.stdout.count(by) == 2:
            break
    expect(told.stdout.count(by) == 2, f"a push and a pull of demo:1.0 {by}", told.stdout + told.stderr)
    trail = [each for each in audit_trail(story, host) if (each["repository"], each["reference"]) == ("demo", "1.0")]
    seen = [(each["method"], each["user"], each["status"], each["digest"]) for each in trail]
    pushed = ("PUT", product.FIRST_USER, 201, story.small.manifest_digest)
    expect(seen == [pushed], str([pushed]), seen)
    return f"python -m usage demo:1.0  →  {told.stdout.strip()}; the audit trail has the push"


def audit_trail(story: Story, host: Host) -> list[dict[str, Any]]:
    logs = story.world.aws("logs")
    # The output is a command: aws logs tail GROUP …
    group = story.outputs[product.OUTPUT_HOST_LOG].split()[3]
    found = logs.get_log_events(logGroupName=group, logStreamName=f"{host.id}/audit", startFromHead=True)
    return [json.loads(each["message"]) for each in found["events"]]


def scripts_again(story: Story) -> str:
    (host,) = story.world.hosts()
    units = f"{product.NGINX} {product.LOGIN_CHECK} docker"
    look = (
        f"docker inspect --format '{{{{.Id}}}} {{{{.State.StartedAt}}}}' {product.CONTAINER};"
        f" systemctl show --property=MainPID --property=ActiveEnterTimestamp {units};"
        f" cat {product.USERS}/* {product.CERTIFICATE}/* | sha256sum; find /etc -newer /run/looked"
    )
    story.world.run_on_host(host, "touch", "/run/looked")
    before = story.world.run_on_host(host, "sh", "-c", look).stdout
    started = time.monotonic()
    done = story.world.run_on_host(host, product.BOOTSTRAP)
    took_seconds = time.monotonic() - started
    expect(done.returncode == 0, "bootstrap to work a second time", done.stdout + done.stderr)
    after = story.world.run_on_host(host, "sh", "-c", look).stdout
    expect(after == before, f"nothing to change:\n{before}", after)
    return f"bootstrap ran again in {took_seconds:.1f} s: same container, same processes, same files"
