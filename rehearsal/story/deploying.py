"""Steps that deploy: for the first time, once more, an update, a deployment that cannot work, and the end."""

import json
import threading
import time
from collections.abc import Callable

from rehearsal.contract import product
from rehearsal.outside.cdk import CdkFailedError
from rehearsal.story.images import pulls_work
from rehearsal.story.step import StepFailedError, Story, await_hosts, expect

PAUSE_SECONDS = 0.2
# The address leads nowhere for three seconds; a pull that began then, and the one before it, wait two seconds each.
LONGEST_OUTAGE_SECONDS = 8.0
GROWING_SECONDS = 300


class Pulls:
    """Pulls again and again in the background between ``with`` and its end."""

    def __init__(self, pull: Callable[[], bool]) -> None:
        self._pull = pull
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pulls", daemon=True)
        self.attempts = 0
        self.failures = 0
        self.longest_outage_seconds = 0.0

    def __enter__(self) -> "Pulls":
        self._thread.start()
        return self

    def __exit__(self, *_raised: object) -> None:
        self._done.set()
        self._thread.join()

    def _run(self) -> None:
        failing_since: float | None = None
        while not self._done.is_set():
            started = time.monotonic()
            succeeded = self._pull()
            self.attempts += 1
            if not succeeded:
                self.failures += 1
                failing_since = started if failing_since is None else failing_since
            if failing_since is not None:
                self.longest_outage_seconds = max(self.longest_outage_seconds, time.monotonic() - failing_since)
            if succeeded:
                failing_since = None
            self._done.wait(PAUSE_SECONDS)


def bootstrap(story: Story) -> str:
    story.cdk.bootstrap()
    return "the account can be deployed to"


def deploy(story: Story) -> str:
    started = time.monotonic()
    story.outputs = story.cdk.deploy()
    took_seconds = time.monotonic() - started
    (host,) = await_hosts(story, lambda hosts: len(hosts) == 1, "one host")
    return f"{story.outputs[product.OUTPUT_URL]} serves after {took_seconds:.0f} s, on {host.id}"


def grow(story: Story, hosts: int) -> str:
    """As an operator would: more capacity for the group, and every new host serves."""
    autoscaling = story.world.aws("autoscaling")
    (group,) = autoscaling.describe_auto_scaling_groups()["AutoScalingGroups"]
    autoscaling.update_auto_scaling_group(
        AutoScalingGroupName=group["AutoScalingGroupName"], MaxSize=hosts, DesiredCapacity=hosts
    )
    deadline = time.monotonic() + GROWING_SECONDS
    while time.monotonic() < deadline:
        serving = [host for host in story.world.hosts() if story.world.serves(host)]
        if len(serving) == hosts:
            return f"{hosts} hosts serve: {', '.join(host.id for host in serving)}"
        time.sleep(1)
    raise StepFailedError(f"expected {hosts} hosts to serve within {GROWING_SECONDS} s, saw {story.world.hosts()}")


def deploy_again(story: Story) -> str:
    before = _events(story)
    story.cdk.deploy()
    expect(_events(story) == before, f"as many events of the stacks as before, {before}", _events(story))
    return f"no changes in {len(before)} stacks"


def _events(story: Story) -> dict[str, int]:
    """How much has happened in each stack so far."""
    cloudformation = story.world.aws("cloudformation")
    names = [stack["StackName"] for stack in cloudformation.describe_stacks()["Stacks"]]
    return {name: len(cloudformation.describe_stack_events(StackName=name)["StackEvents"]) for name in names}


def update(story: Story) -> str:
    (before,) = story.world.hosts()
    with Pulls(lambda: pulls_work(story)) as pulls:
        story.outputs = story.cdk.deploy(**product.LARGER_HOST)
    (after,) = await_hosts(story, lambda hosts: before not in hosts and len(hosts) == 1, "a new host alone")
    outage = pulls.longest_outage_seconds
    expect(outage <= LONGEST_OUTAGE_SECONDS, f"pulls to fail for at most {LONGEST_OUTAGE_SECONDS} s", f"{outage:.1f} s")
    return (
        f"{before.id} handed over to {after.id}; {pulls.failures} of {pulls.attempts} pulls failed,"
        f" longest outage {outage:.1f} s"
    )


def broken_deploy(story: Story) -> str:
    (before,) = story.world.hosts()
    # No address moves here: a pull that waits has another reason.
    with Pulls(lambda: pulls_work(story, GROWING_SECONDS)) as pulls:
        try:
            story.cdk.deploy(**product.MISSING_IMAGE)
        except CdkFailedError as failed:
            expect("FAILURE signal" in str(failed), "the host's failure signal", failed)
        else:
            raise StepFailedError("expected the deployment of an image that does not exist to fail; it succeeded")
    await_hosts(story, lambda hosts: hosts == (before,), f"the old host {before.id} alone")
    (group,) = story.world.aws("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    expect(not group["SuspendedProcesses"], "no suspended process of the group", group["SuspendedProcesses"])
    expect(pulls.failures == 0, "every pull to work", f"{pulls.failures} of {pulls.attempts} failed")
    cause = story.client.shell(story.outputs[product.OUTPUT_HOST_LOG]).stdout
    expect(product.MISSING_TAG in cause, "the missing image in the host log", cause)
    line = next(line for line in cause.splitlines() if product.MISSING_TAG in line)
    return f"the deployment failed, {before.id} kept serving ({pulls.attempts} pulls); its log says: {line.strip()}"


def host_after_roll_back(story: Story) -> str:
    """From the template and the scripts that the roll-back returned to."""
    (before,) = story.world.hosts()
    story.world.aws("ec2").terminate_instances(InstanceIds=[before.id])
    (after,) = await_hosts(story, lambda hosts: before not in hosts and len(hosts) == 1, "a new host alone")
    deadline = time.monotonic() + GROWING_SECONDS
    while not pulls_work(story):
        expect(time.monotonic() < deadline, f"pulls to work within {GROWING_SECONDS} s", "none")
        time.sleep(PAUSE_SECONDS)
    return f"{before.id} was terminated; the group started {after.id}, which serves"


def destroy(story: Story) -> str:
    kept_before = _objects(story)
    try:
        story.cdk.destroy()
    except CdkFailedError as refused:
        expect("TerminationProtection" in str(refused), "only termination protection to refuse", refused)
    await_hosts(story, lambda hosts: not hosts, "no host")
    kept = _objects(story)
    expect(kept == kept_before, f"{kept_before} objects", kept)
    addresses = json.loads(story.client.run("aws", "ec2", "describe-addresses", "--output", "json").stdout)["Addresses"]
    expect(not addresses, "no Elastic IP, which AWS would bill", addresses)
    return f"the host and its address are gone; the {kept} objects of the images are kept"


def _objects(story: Story) -> int:
    bucket = f"s3://{story.outputs[product.OUTPUT_IMAGE_BUCKET]}"
    return len(story.client.run("aws", "s3", "ls", "--recursive", bucket).stdout.splitlines())
