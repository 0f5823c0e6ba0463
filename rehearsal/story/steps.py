"""The steps of the story: what a person does with the product, one thing after the other, and sees.

What a step needs to know of the ones before it stands in :class:`rehearsal.step.Story`.
"""

import json
import os
import re
import time
from datetime import UTC, datetime

from cryptography import x509

from rehearsal.machine.oci_layout import REFERENCE, Image, layers_of, pack, write_image
from rehearsal.machine.registry_image import architecture
from rehearsal.outside.client import CommandFailedError
from rehearsal.outside.deployment import DeploymentError
from rehearsal.story import hardening, operating, users
from rehearsal.story.outage import Pulls
from rehearsal.story.step import Step, StepFailedError, Story, await_hosts, expect

SMALL_LAYER_BYTES = 300_000
LARGE_LAYER_BYTES = 200_000_000
LONGEST_OUTAGE_SECONDS = 5.0
# An answer that was under way when the address moved never comes, as on EC2: a client gives up and asks again.
PATIENCE_SECONDS = 2
READER = "cluster"
UPDATE = {"instance_type": "t4g.medium"}
# An image that does not exist: the host that is to run it can never serve.
BROKEN = {**UPDATE, "registry_image": "public.ecr.aws/docker/library/registry:3.1.2-does-not-exist"}


def bootstrap(story: Story) -> str:
    story.cdk.bootstrap()
    return "the account can be deployed to"


def deploy(story: Story) -> str:
    started = time.monotonic()
    story.outputs = story.cdk.deploy()
    took_seconds = time.monotonic() - started
    (host,) = await_hosts(story, lambda hosts: len(hosts) == 1, "one host")
    return f"{story.outputs['RegistryUrl']} serves after {took_seconds:.0f} s, on {host.id}"


def grow(story: Story, hosts: int) -> str:
    """As an operator would: more capacity for the group, and every new host serves."""
    autoscaling = story.world.aws("autoscaling")
    (group,) = autoscaling.describe_auto_scaling_groups()["AutoScalingGroups"]
    autoscaling.update_auto_scaling_group(
        AutoScalingGroupName=group["AutoScalingGroupName"], MaxSize=hosts, DesiredCapacity=hosts
    )
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        serving = [host for host in story.world.hosts() if story.world.serves(host)]
        if len(serving) == hosts:
            return f"{hosts} hosts serve: {', '.join(host.id for host in serving)}"
        time.sleep(1)
    raise StepFailedError(f"expected {hosts} hosts to serve within 300 s, saw {story.world.hosts()}")


def certificate(story: Story) -> str:
    printed = story.client.run(
        "openssl", "s_client", "-connect", f"{story.domain}:443", "-servername", story.domain,
        "-verify_return_error", "-verify_hostname", story.domain,
    ).stdout  # fmt: skip
    pem = printed[printed.index("-----BEGIN CERTIFICATE") : printed.index("-----END CERTIFICATE-----") + 25]
    served = x509.load_pem_x509_certificate(pem.encode())
    names = served.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    days_left = (served.not_valid_after_utc - datetime.now(UTC)).days
    named = ", ".join(names.get_values_for_type(x509.DNSName))
    return f"issued by {served.issuer.rfc4514_string()} for {named}, {days_left} days left"


def first_login(story: Story) -> str:
    line = story.outputs["DockerLogin"]
    printed = story.client.shell(line).stdout
    expect("Login Succeeded" in printed, "Login Succeeded", printed)
    return f"{line}  →  Login Succeeded"


def push(story: Story) -> str:
    _random_image(story, "small", SMALL_LAYER_BYTES)
    story.client.run("skopeo", "copy", f"oci:small:{REFERENCE}", f"docker://{story.domain}/demo:1.0")
    return f"skopeo pushed {story.domain}/demo:1.0"


def pull_by_tag(story: Story) -> str:
    story.client.run("skopeo", "copy", f"docker://{story.domain}/demo:1.0", f"oci:by-tag:{REFERENCE}")
    return _same_layers(story, "by-tag")


def pull_by_digest(story: Story) -> str:
    reference = f"{story.domain}/demo@{story.small.manifest_digest}"
    story.client.run("skopeo", "copy", f"docker://{reference}", f"oci:by-digest:{REFERENCE}")
    return _same_layers(story, "by-digest")


def docker_manifest(story: Story) -> str:
    printed = story.client.run("docker", "manifest", "inspect", f"{story.domain}/demo:1.0").stdout
    digest = json.loads(printed)["layers"][0]["digest"]
    expect(digest == story.small.layer_digest, story.small.layer_digest, digest)
    return "the docker command line reads the same manifest"


def second_client(story: Story) -> str:
    reference = f"{story.domain}/demo:1.0"
    # Debian's skopeo takes the place of crane where that could not be built (rehearsal/machine/parts.py).
    found = story.client.shell(
        f"if command -v crane; then crane digest {reference}; "
        f"else command -v skopeo; skopeo inspect --format '{{{{.Digest}}}}' docker://{reference}; fi"
    ).stdout.split()
    expect(found[1:] == [story.small.manifest_digest], story.small.manifest_digest, found)
    return f"{found[0].rsplit('/', 1)[1]} sees the same digest"


def large_layer(story: Story) -> str:
    large = _random_image(story, "large", LARGE_LAYER_BYTES)
    megabytes = large.layer_bytes / 1e6
    reference = f"docker://{story.domain}/demo:large"
    started = time.monotonic()
    story.client.run("skopeo", "copy", f"oci:large:{REFERENCE}", reference)
    pushed = time.monotonic()
    story.client.run("skopeo", "copy", reference, f"oci:large-pulled:{REFERENCE}")
    pulled = time.monotonic()
    seen = layers_of(story.client.work / "large-pulled")
    expected = {large.layer_digest: large.layer_digest}
    expect(seen == expected, f"the layer {expected}", seen)
    return (
        f"{megabytes:.0f} MB pushed at {megabytes / (pushed - started):.0f} MB/s,"
        f" pulled at {megabytes / (pulled - pushed):.0f} MB/s, byte-identical"
    )


def catalog_from_client(story: Story) -> str:
    printed = story.client.curl(f"https://{story.domain}/v2/_catalog").stdout
    expect(json.loads(printed) == {"repositories": ["demo"]}, '{"repositories":["demo"]}', printed)
    return f"curl https://{story.domain}/v2/_catalog  →  {printed.strip()}"


def catalog_on_host(story: Story) -> str:
    host = story.world.hosts()[0]
    printed = story.world.run_on_host(host, "curl", "-sS", "http://localhost:5000/v2/_catalog").stdout
    expect(json.loads(printed) == {"repositories": ["demo"]}, '{"repositories":["demo"]}', printed)
    return f"on the server: curl http://localhost:5000/v2/_catalog  →  {printed.strip()}"


def docker_on_host(story: Story) -> str:
    host = story.world.hosts()[0]
    image = story.world.registry_image
    for command in (
        ("docker", "tag", image, "localhost:5000/on-the-server:1.0"),
        ("docker", "push", "--quiet", "localhost:5000/on-the-server:1.0"),
        ("docker", "rmi", "localhost:5000/on-the-server:1.0"),
        ("docker", "pull", "--quiet", "localhost:5000/on-the-server:1.0"),
    ):
        done = story.world.run_on_host(host, *command)
        expect(done.returncode == 0, f"{' '.join(command)} to work", done.stdout + done.stderr)
    return "docker push and docker pull localhost:5000/on-the-server:1.0 work on the server"


def scripts_again(story: Story) -> str:
    (host,) = story.world.hosts()
    look = (
        "docker inspect --format '{{.Id}} {{.State.StartedAt}}' registry;"
        " systemctl show --property=MainPID --property=ActiveEnterTimestamp nginx registry-auth docker;"
        " cat /etc/registry/users/* /etc/letsencrypt/live/registry/* | sha256sum; find /etc -newer /run/looked"
    )
    story.world.run_on_host(host, "touch", "/run/looked")
    before = story.world.run_on_host(host, "sh", "-c", look).stdout
    started = time.monotonic()
    done = story.world.run_on_host(host, "/opt/registry/bootstrap")
    took_seconds = time.monotonic() - started
    expect(done.returncode == 0, "bootstrap to work a second time", done.stdout + done.stderr)
    after = story.world.run_on_host(host, "sh", "-c", look).stdout
    expect(after == before, f"nothing to change:\n{before}", after)
    return f"bootstrap ran again in {took_seconds:.1f} s: same container, same processes, same files"


def wrong_password(story: Story) -> str:
    status = story.client.status_of(f"https://{story.domain}/v2/", user="admin:not-the-password")
    anonymous = story.client.status_of(f"https://{story.domain}/v2/", user=None)
    expect((status, anonymous) == (401, 401), "401 for a wrong password and for none", (status, anonymous))
    return "a wrong password gets 401, and so does none"


def pull_only_user(story: Story) -> str:
    password = _password_of_reader()
    seconds = users.add_puller(story, READER, password)
    credentials = f"{READER}:{password}"
    story.client.run(
        "skopeo",
        "copy",
        "--src-creds",
        credentials,
        f"docker://{story.domain}/demo:1.0",
        f"oci:as-reader:{REFERENCE}",
    )
    _same_layers(story, "as-reader")
    try:
        story.client.run(
            "skopeo",
            "copy",
            "--dest-creds",
            credentials,
            f"oci:large:{REFERENCE}",
            f"docker://{story.domain}/forbidden:1",
        )
    except CommandFailedError as refused:
        expect(
            bool(re.search(r"unauthorized|denied|403|401", str(refused), re.IGNORECASE)), "a refusal", refused
        )
        return (
            f"{READER} could log in {seconds:.1f} s after aws ssm put-parameter began, told by its event alone;"
            " pulls demo:1.0, and is refused a push"
        )
    raise StepFailedError(f"expected a refusal, but {READER}, who may only pull, pushed an image")


def revoked_user(story: Story) -> str:
    seconds = users.revoke_puller(story, READER, _password_of_reader())
    return (
        f"{READER}, whose login was cached, was out {seconds:.1f} s after aws ssm delete-parameter began,"
        " told by its event alone"
    )


def redirect(story: Story) -> str:
    url = f"https://{story.domain}/v2/demo/blobs/{story.small.layer_digest}"
    location = story.client.curl("--output", "/dev/null", "--write-out", "%{redirect_url}", url).stdout
    expect(bool(re.match(r"https://[^/]*\.s3\.[^/]*amazonaws\.com/", location)), "a redirect to S3", location)
    status = story.client.status_of(location, user=None)
    expect(status == 200, "200 from S3 without the registry's login", status)
    return f"a layer is answered by redirect to {location.split('?')[0].split('/docker/')[0]} and comes from there"


def deploy_again(story: Story) -> str:
    before = story.world.hosts()
    story.cdk.deploy()
    expect(story.world.hosts() == before, f"the same host {before}", story.world.hosts())
    return "no changes, the same host"


def update(story: Story) -> str:
    (before,) = story.world.hosts()
    with Pulls(lambda: _pulls(story)) as pulls:
        story.outputs = story.cdk.deploy(**UPDATE)
    (after,) = await_hosts(story, lambda hosts: before not in hosts and len(hosts) == 1, "a new host alone")
    expect(
        pulls.longest_outage_seconds <= LONGEST_OUTAGE_SECONDS,
        f"pulls to fail for at most {LONGEST_OUTAGE_SECONDS} s",
        f"{pulls.longest_outage_seconds:.1f} s",
    )
    return (
        f"{before.id} handed over to {after.id}; {pulls.failures} of {pulls.attempts} pulls failed,"
        f" longest outage {pulls.longest_outage_seconds:.1f} s"
    )


def broken_deploy(story: Story) -> str:
    (before,) = story.world.hosts()
    with Pulls(lambda: _pulls(story)) as pulls:
        try:
            story.cdk.deploy(**BROKEN)
        except DeploymentError as failed:
            expect("FAILURE signal" in str(failed), "the host's failure signal", failed)
        else:
            raise StepFailedError(
                "expected the deployment of an image that does not exist to fail; it succeeded"
            )
    await_hosts(story, lambda hosts: hosts == (before,), f"the old host {before.id} alone")
    expect(pulls.failures == 0, "every pull to work", f"{pulls.failures} of {pulls.attempts} failed")
    cause = story.client.shell(story.outputs["HostLog"]).stdout
    expect("3.1.2-does-not-exist" in cause, "the missing image in the host log", cause)
    line = next(line for line in cause.splitlines() if "3.1.2-does-not-exist" in line)
    return f"the deployment failed, {before.id} kept serving ({pulls.attempts} pulls); its log says: {line.strip()}"


def destroy(story: Story) -> str:
    kept_before = _objects(story)
    try:
        story.cdk.destroy()
    except DeploymentError as refused:
        expect("TerminationProtection" in str(refused), "only termination protection to refuse", refused)
    await_hosts(story, lambda hosts: not hosts, "no host")
    kept = _objects(story)
    expect(kept == kept_before, f"{kept_before} objects", kept)
    return f"the host and its address are gone; the {kept} objects of the images are kept"


SET_UP = (
    Step("cdk bootstrap", bootstrap),
    Step("cdk deploy --all", deploy),
)
STEPS = (
    *SET_UP,
    Step("the certificate", certificate),
    Step("the first login, as the stack's output says", first_login),
    Step("push", push),
    Step("pull by tag", pull_by_tag),
    Step("pull by digest", pull_by_digest),
    Step("docker manifest inspect", docker_manifest),
    Step("a second client", second_client),
    Step("a 200 MB layer there and back", large_layer),
    Step("the catalog, from a client", catalog_from_client),
    Step("the catalog, on the server", catalog_on_host),
    Step("docker on the server, through localhost:5000", docker_on_host),
    Step("every host script once more", scripts_again),
    Step("a wrong password", wrong_password),
    Step("a user who may only pull", pull_only_user),
    Step("the user is revoked", revoked_user),
    Step("layers come straight from S3", redirect),
    *operating.STEPS,
    *hardening.STEPS,
    Step("cdk deploy again, nothing changed", deploy_again),
    Step("an update rolls the host", update),
    Step("a deployment that cannot work", broken_deploy),
    Step("cdk destroy --all", destroy),
)


def _random_image(story: Story, name: str, layer_bytes: int) -> Image:
    """Of random, hence incompressible, data."""
    image = story.images[name] = write_image(
        story.client.work / name,
        pack({"payload": os.urandom(layer_bytes)}),
        architecture=architecture(),
        config={"Cmd": ["/payload"]},
    )
    return image


def _same_layers(story: Story, layout: str) -> str:
    seen = layers_of(story.client.work / layout)
    expected = {story.small.layer_digest: story.small.layer_digest}
    expect(seen == expected, f"the layers {expected}", seen)
    return f"the same {story.small.layer_bytes} bytes"


def _password_of_reader() -> str:
    return "pull-only-" + architecture()


def _pulls(story: Story) -> bool:
    base = f"https://{story.domain}/v2/demo"
    urls = f"{base}/manifests/1.0", f"{base}/blobs/{story.small.layer_digest}"
    try:
        for url in urls:
            story.client.curl(
                "--fail", "--location", "--max-time", str(PATIENCE_SECONDS), "--output", "/dev/null",
                "--header", "Accept: application/vnd.oci.image.manifest.v1+json", url,
            )  # fmt: skip
    except CommandFailedError:
        return False
    return True


def _objects(story: Story) -> int:
    return len(
        story.client.run(
            "aws", "s3", "ls", "--recursive", f"s3://{story.outputs['ImageBucket']}"
        ).stdout.splitlines()
    )
