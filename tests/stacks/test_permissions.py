"""What each role can and cannot do, tried with its own credentials on the deployed product.

host/test_role.py and operations/test_policies.py list the policies; here real calls show their effect.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.assembly import Assembly
from tests.support.deployed import Calls, DeployedProduct, allowed, deployed

DOMAIN = "registry.example.com"
OTHER = "other.example.com"
TREE, OTHER_TREE = f"/registry/{DOMAIN}", f"/registry/{OTHER}"
TAG = "registry:domain"
SHELL = {"DocumentName": "AWS-RunShellScript", "Parameters": {"commands": ["id"]}}


@dataclass(frozen=True, slots=True)
class Scene:
    """The product, and in the same account resources of another owner, which no role may touch."""

    product: DeployedProduct
    physical: Any
    host: str
    address: str
    stranger: str
    """An instance without the tag."""
    strange_address: str


@pytest.fixture(scope="module")
def scene(assembly: Assembly) -> Iterator[Scene]:
    with deployed(assembly) as product:
        account = product.account
        (host,) = (each.id for each in account.cloud.instances())
        ec2, ssm, s3 = (account.client(service) for service in ("ec2", "ssm", "s3"))
        (stranger,) = ec2.run_instances(MinCount=1, MaxCount=1)["Instances"]
        by_ip = {each["PublicIp"]: each["AllocationId"] for each in ec2.describe_addresses()["Addresses"]}
        address = ec2.allocate_address(Domain="vpc")["AllocationId"]
        for name in ("http-secret", "users/push/admin", "users/pull/health"):
            ssm.put_parameter(Name=f"{TREE}/{name}", Value="secret", Type="SecureString")
        ssm.put_parameter(Name=f"{OTHER_TREE}/users/push/admin", Value="x", Type="SecureString")
        physical = product.physical
        for key in (f"letsencrypt/{DOMAIN}.tar.gz", f"health/{DOMAIN}.json", f"renewal/{DOMAIN}.json"):
            s3.put_object(Bucket=physical["State"], Key=key, Body=b"{}")
        s3.create_bucket(Bucket="of-another-owner")
        yield Scene(product, physical, host, by_ip[physical["Address"]], stranger["InstanceId"], address)


def ring(scene: Scene, ssm: Any, **changes: Any) -> Callable[[], Any]:
    """A command as the functions send it, with changes."""
    request = {
        "DocumentName": scene.physical["Verbs"],
        "Parameters": {"verb": ["diagnose"]},
        "Targets": [{"Key": f"tag:{TAG}", "Values": [DOMAIN]}],
        **changes,
    }
    return lambda: ssm.send_command(**{key: value for key, value in request.items() if value is not None})


def test_the_host_can_do_its_work(scene: Scene) -> None:
    as_host, physical = scene.product.acting_as("Role"), scene.physical
    s3, ssm, logs = as_host("s3"), as_host("ssm"), as_host("logs")
    images, state = physical["Images"], physical["State"]
    certificate = {"Bucket": state, "Key": f"letsencrypt/{DOMAIN}.tar.gz"}
    usage = {"Bucket": state, "Key": f"usage/{DOMAIN}.jsonl.gz"}
    saved = scene.product.account.client("s3").head_object(**certificate)["VersionId"]
    layer = {"Bucket": images, "Key": "docker/registry/v2/blobs/sha256/00/data"}
    admin = {"Name": f"{TREE}/users/push/admin", "Value": "new", "Type": "SecureString"}
    calls: Calls = {
        "write a layer": lambda: s3.put_object(**layer, Body=b"x"),
        "read a layer": lambda: s3.get_object(**layer),
        "delete a layer": lambda: s3.delete_object(**layer),
        "list images": lambda: s3.list_objects_v2(Bucket=images),
        "save the certificate": lambda: s3.put_object(**certificate, Body=b"x"),
        "restore the certificate": lambda: s3.get_object(**certificate),
        "write the usage of tags": lambda: s3.put_object(**usage, Body=b"x"),
        "read the usage of tags": lambda: s3.get_object(**usage),
        "read the check's state": lambda: s3.get_object(Bucket=state, Key=f"health/{DOMAIN}.json"),
        "list the certificate's versions": lambda: s3.list_object_versions(Bucket=state),
        "restore an older certificate": lambda: s3.get_object(**certificate, VersionId=saved),
        "read the users": lambda: ssm.get_parameters_by_path(Path=f"{TREE}/users", Recursive=True, WithDecryption=True),
        "read the HTTP secret": lambda: ssm.get_parameter(Name=f"{TREE}/http-secret", WithDecryption=True),
        "create the first login": lambda: ssm.put_parameter(**admin),
        "write its log": write_log(logs, physical["HostLogGroup"]),
        "take the address": lambda: as_host("ec2").associate_address(AllocationId=scene.address, InstanceId=scene.host),
        "see its agent's connection": lambda: ssm.get_connection_status(Target=scene.host),
        "signal": lambda: as_host("cloudformation").signal_resource(
            StackName="registry-host", LogicalResourceId="Hosts", UniqueId=scene.host, Status="SUCCESS"
        ),
    }
    assert allowed(calls) == set(calls)


def test_the_host_can_do_nothing_else(scene: Scene) -> None:
    as_host, physical = scene.product.acting_as("Role"), scene.physical
    s3, ssm, logs, ec2 = as_host("s3"), as_host("ssm"), as_host("logs"), as_host("ec2")
    cloudformation, autoscaling, images = as_host("cloudformation"), as_host("autoscaling"), physical["Images"]
    state, own_log, on_host = physical["State"], physical["HostLogGroup"], {"InstanceId": scene.host}
    admin = {"Name": f"{TREE}/users/push/admin", "Value": "stolen", "Type": "SecureString"}
    ssh = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": "0.0.0.0/0"}
    suspended, policy = {"Status": "Suspended"}, {"PolicyName": "more", "PolicyDocument": "{}"}
    other_stack = {"StackName": "registry-storage", "LogicalResourceId": "Images"}
    calls: Calls = {
        "read another parameter": lambda: ssm.get_parameter(Name="/other"),
        "read the whole tree": lambda: ssm.get_parameters_by_path(Path="/", Recursive=True),
        "read beside the users": lambda: ssm.get_parameters_by_path(Path=TREE, Recursive=True),
        "read another registry's users": lambda: ssm.get_parameters_by_path(Path=f"{OTHER_TREE}/users", Recursive=True),
        "list parameters": lambda: ssm.describe_parameters(),
        "overwrite a user": lambda: ssm.put_parameter(**admin, Overwrite=True),
        "overwrite the secret": lambda: ssm.put_parameter(**admin | {"Name": f"{TREE}/http-secret"}, Overwrite=True),
        "invent a user": lambda: ssm.put_parameter(**admin | {"Name": f"{TREE}/users/push/mallory"}),
        "delete a user": lambda: ssm.delete_parameter(Name=admin["Name"]),
        "ring the doorbell": ring(scene, ssm),
        "run a shell on itself": lambda: ssm.send_command(**SHELL, InstanceIds=[scene.host]),
        "change the document": lambda: ssm.update_document(Name=physical["Verbs"], Content="{}"),
        "delete the images' bucket": lambda: s3.delete_bucket(Bucket=images),
        "open the images' bucket": lambda: s3.put_bucket_policy(Bucket=images, Policy="{}"),
        "end the images' history": lambda: s3.put_bucket_versioning(Bucket=images, VersioningConfiguration=suspended),
        "read an old version of an image": lambda: s3.get_object(Bucket=images, Key="docker/a", VersionId="1"),
        "delete for good": lambda: s3.delete_object(Bucket=images, Key="docker/a", VersionId="1"),
        "read another registry's certificate": lambda: s3.get_object(Bucket=state, Key=f"letsencrypt/{OTHER}.tar.gz"),
        "delete the certificate": lambda: s3.delete_object(Bucket=state, Key=f"letsencrypt/{DOMAIN}.tar.gz"),
        "read another registry's usage": lambda: s3.get_object(Bucket=state, Key=f"usage/{OTHER}.jsonl.gz"),
        "delete the usage": lambda: s3.delete_object(Bucket=state, Key=f"usage/{DOMAIN}.jsonl.gz"),
        "read the renewal's state": lambda: s3.get_object(Bucket=state, Key=f"renewal/{DOMAIN}.json"),
        "write the check's state": lambda: s3.put_object(Bucket=state, Key=f"health/{DOMAIN}.json", Body=b""),
        "list buckets": lambda: s3.list_buckets(),
        "read another owner's bucket": lambda: s3.list_objects_v2(Bucket="of-another-owner"),
        "write a function's log": write_log(logs, physical["CheckHealthLog"]),
        "delete its log": lambda: logs.delete_log_group(logGroupName=own_log),
        "read its log": lambda: logs.filter_log_events(logGroupName=own_log),
        "take another address": lambda: ec2.associate_address(**on_host, AllocationId=scene.strange_address),
        "give the address away": lambda: ec2.associate_address(AllocationId=scene.address, InstanceId=scene.stranger),
        "release the address": lambda: ec2.release_address(AllocationId=scene.address),
        "terminate itself": lambda: ec2.terminate_instances(InstanceIds=[scene.host]),
        "tag another": lambda: ec2.create_tags(Resources=[scene.stranger], Tags=[{"Key": TAG, "Value": DOMAIN}]),
        "open a port": lambda: ec2.authorize_security_group_ingress(GroupId=physical["Ports"], **ssh),
        "loosen its metadata service": lambda: ec2.modify_instance_metadata_options(**on_host, HttpTokens="optional"),
        "see instances": lambda: ec2.describe_instances(),
        "see managed hosts": lambda: ssm.describe_instance_information(),
        "see another's agent": lambda: ssm.get_connection_status(Target=scene.stranger),
        "mark itself unhealthy": lambda: autoscaling.set_instance_health(**on_host, HealthStatus="Unhealthy"),
        "signal another stack": lambda: cloudformation.signal_resource(**other_stack, UniqueId="i", Status="SUCCESS"),
        "delete its stack": lambda: cloudformation.delete_stack(StackName="registry-host"),
        "renew by itself": lambda: as_host("lambda").invoke(FunctionName=physical["RenewCertificate"]),
        "send mail": lambda: as_host("sns").publish(TopicArn=physical["AlertsTopic"], Message="x"),
        "give itself permissions": lambda: as_host("iam").put_role_policy(RoleName=physical["Role"], **policy),
        **becoming(scene, "Role"),
    }
    assert allowed(calls) == set()


@pytest.mark.parametrize("function", ["RenewCertificate", "CheckHealth"])
def test_a_function_can_run_verbs_read_their_output_log_and_mail(scene: Scene, function: str) -> None:
    acting, physical = scene.product.acting_as(f"{function}Role"), scene.physical
    ssm = acting("ssm")
    calls: Calls = {
        "ring": ring(scene, ssm),
        "list answers": lambda: ssm.list_command_invocations(),
        "read an answer": lambda: ssm.get_command_invocation(CommandId="0" * 36, InstanceId=scene.host),
        "write its log": write_log(acting("logs"), physical[f"{function}Log"]),
        "send mail": lambda: acting("sns").publish(TopicArn=physical["AlertsTopic"], Message="x"),
        "list the state bucket": lambda: acting("s3").list_objects_v2(Bucket=physical["State"]),
    }
    assert allowed(calls) == set(calls)


@pytest.mark.parametrize("function", ["RenewCertificate", "CheckHealth"])
def test_no_function_has_a_shell_a_push_login_an_image_or_a_key(scene: Scene, function: str) -> None:
    acting, physical = scene.product.acting_as(f"{function}Role"), scene.physical
    ssm, s3, ec2, sns, logs = (acting(service) for service in ("ssm", "s3", "ec2", "sns", "logs"))
    images, state, topic = physical["Images"], physical["State"], physical["AlertsTopic"]
    check, group = {"FunctionName": physical["CheckHealth"]}, {"AutoScalingGroupName": physical["Hosts"], "MinSize": 0}
    calls: Calls = {
        "run a shell on the hosts": ring(scene, ssm, **SHELL),
        "run a shell on one host": ring(scene, ssm, **SHELL, Targets=None, InstanceIds=[scene.host]),
        "ring an untagged instance": ring(scene, ssm, Targets=None, InstanceIds=[scene.stranger]),
        "ring it among the hosts": ring(scene, ssm, Targets=None, InstanceIds=[scene.host, scene.stranger]),
        "ring another registry": ring(scene, ssm, Targets=[{"Key": f"tag:{TAG}", "Values": [OTHER]}]),
        "ring hosts with another tag": ring(scene, ssm, Targets=[{"Key": "tag:team", "Values": ["a"]}]),
        "make a document": lambda: ssm.create_document(Name="shell", Content="{}"),
        "change the document": lambda: ssm.update_document(Name=physical["Verbs"], Content="{}"),
        "start a session": lambda: ssm.start_session(Target=scene.host),
        "read the admin's password": lambda: ssm.get_parameter(Name=f"{TREE}/users/push/admin", WithDecryption=True),
        "read all passwords": lambda: ssm.get_parameters_by_path(Path=f"{TREE}/users", Recursive=True),
        "read the HTTP secret": lambda: ssm.get_parameter(Name=f"{TREE}/http-secret", WithDecryption=True),
        "make a user": lambda: ssm.put_parameter(Name=f"{TREE}/users/push/mallory", Value="x", Type="SecureString"),
        "delete a user": lambda: ssm.delete_parameter(Name=f"{TREE}/users/push/admin"),
        "read an image": lambda: s3.get_object(Bucket=images, Key="docker/a"),
        "write an image": lambda: s3.put_object(Bucket=images, Key="docker/a", Body=b""),
        "delete an image": lambda: s3.delete_object(Bucket=images, Key="docker/a"),
        "list images": lambda: s3.list_objects_v2(Bucket=images),
        "read the certificate's key": lambda: s3.get_object(Bucket=state, Key=f"letsencrypt/{DOMAIN}.tar.gz"),
        "put another certificate": lambda: s3.put_object(Bucket=state, Key=f"letsencrypt/{DOMAIN}.tar.gz", Body=b""),
        "delete its state": lambda: s3.delete_object(Bucket=state, Key=f"health/{DOMAIN}.json"),
        "terminate the host": lambda: ec2.terminate_instances(InstanceIds=[scene.host]),
        "move the address": lambda: ec2.associate_address(AllocationId=scene.address, InstanceId=scene.host),
        "silence the topic": lambda: sns.delete_topic(TopicArn=topic),
        "subscribe another address": lambda: sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="m@example.com"),
        "publish elsewhere": lambda: sns.publish(TopicArn=topic.rpartition(":")[0] + ":other", Message="x"),
        "write the host's log": write_log(logs, physical["HostLogGroup"]),
        "delete its log": lambda: logs.delete_log_group(logGroupName=physical[f"{function}Log"]),
        "start the health check": lambda: acting("lambda").invoke(**check),
        "change a function": lambda: acting("lambda").update_function_configuration(**check, Timeout=1),
        "empty the group": lambda: acting("autoscaling").update_auto_scaling_group(**group, DesiredCapacity=0),
        **becoming(scene, f"{function}Role"),
    }
    assert allowed(calls) == set()


def test_only_the_check_can_repair_and_each_function_writes_its_own_state(scene: Scene) -> None:
    def calls(role: str) -> Calls:
        acting, physical = scene.product.acting_as(role), scene.physical
        s3, autoscaling, state = acting("s3"), acting("autoscaling"), physical["State"]
        password = {"Name": f"{TREE}/users/pull/health", "WithDecryption": True}
        stranger = {"InstanceId": scene.stranger}
        renewal, health = ({"Bucket": state, "Key": f"{job}/{DOMAIN}.json"} for job in ("renewal", "health"))
        return {
            "read the renewal's state": lambda: s3.get_object(**renewal),
            "write the renewal's state": lambda: s3.put_object(**renewal, Body=b"{}"),
            "read the check's state": lambda: s3.get_object(**health),
            "write the check's state": lambda: s3.put_object(**health, Body=b"{}"),
            "log in as health": lambda: acting("ssm").get_parameter(**password),
            "count receivers": lambda: acting("sns").get_topic_attributes(TopicArn=physical["AlertsTopic"]),
            "start a renewal": lambda: acting("lambda").invoke(FunctionName=physical["RenewCertificate"]),
            "find the group": lambda: autoscaling.describe_auto_scaling_groups(),
            "replace a host": lambda: autoscaling.set_instance_health(InstanceId=scene.host, HealthStatus="Healthy"),
            "replace another": lambda: autoscaling.set_instance_health(**stranger, HealthStatus="Unhealthy"),
        }

    assert allowed(calls("RenewCertificateRole")) == {"read the renewal's state", "write the renewal's state"}
    of_check = calls("CheckHealthRole")
    assert set(of_check) - allowed(of_check) == {"write the renewal's state", "replace another"}


@pytest.mark.parametrize(
    ("job", "own", "other"),
    [("Renewal", "RenewCertificate", "CheckHealth"), ("Health", "CheckHealth", "RenewCertificate")],
)
def test_a_schedule_can_start_its_function_and_keep_a_lost_run(scene: Scene, job: str, own: str, other: str) -> None:
    role = f"{job}ScheduleRole"
    acting, physical = scene.product.acting_as(role), scene.physical
    queue = {"QueueUrl": physical["LostRuns"]}
    calls: Calls = {
        "start its own": lambda: acting("lambda").invoke(FunctionName=physical[own]),
        "lose a run": lambda: acting("sqs").send_message(**queue, MessageBody="x"),
        "start the other": lambda: acting("lambda").invoke(FunctionName=physical[other]),
        "hide lost runs": lambda: acting("sqs").purge_queue(**queue),
        "read lost runs": lambda: acting("sqs").receive_message(**queue),
        "ring": ring(scene, acting("ssm")),
        "send mail": lambda: acting("sns").publish(TopicArn=physical["AlertsTopic"], Message="x"),
        **becoming(scene, role),
    }
    assert allowed(calls) == {"start its own", "lose a run"}


def test_a_changed_user_reaches_the_registrys_hosts_only(scene: Scene) -> None:
    acting, physical = scene.product.acting_as("UserChangesRole"), scene.physical
    calls: Calls = {
        "ring": ring(scene, acting("ssm")),
        "run any command": ring(scene, acting("ssm"), DocumentName="AWS-RunShellScript"),
        "ring an untagged instance": ring(scene, acting("ssm"), Targets=None, InstanceIds=[scene.stranger]),
        "read a user": lambda: acting("ssm").get_parameter(Name=f"{TREE}/users/pull/health"),
        "start a function": lambda: acting("lambda").invoke(FunctionName=physical["CheckHealth"]),
        "send mail": lambda: acting("sns").publish(TopicArn=physical["AlertsTopic"], Message="x"),
        **becoming(scene, "UserChangesRole"),
    }
    assert allowed(calls) == {"ring"}


@pytest.mark.parametrize(("role", "may"), [("RenewCertificateRole", True), ("CheckHealthRole", True), ("Role", False)])
def test_only_the_functions_can_use_the_topics_key_and_no_other_key(scene: Scene, role: str, may: bool) -> None:
    cloud = scene.product.account.cloud
    key = scene.product.session(role).access_key_id
    own = f"arn:aws:kms:us-east-1:{cloud.scope.account}:key/{scene.physical['AlertsKey']}"
    assert cloud.authorise(key, "kms:Decrypt", own) is may
    assert not cloud.authorise(key, "kms:Decrypt", f"{own[:-4]}0000")
    assert not cloud.authorise(key, "kms:ScheduleKeyDeletion", own)


def test_every_role_of_the_product_is_tried_here(scene: Scene) -> None:
    of_functions = {f"{name}Role" for name in ("RenewCertificate", "CheckHealth", "RenewalSchedule", "HealthSchedule")}
    assert set(scene.product.roles) == {"Role", "UserChangesRole", *of_functions}


def write_log(logs: Any, group: str) -> Callable[[], Any]:
    return lambda: logs.create_log_stream(logGroupName=group, logStreamName="i")


def becoming(scene: Scene, role: str) -> Calls:
    """Calls that take each role of the product, the caller's own included."""
    sts = scene.product.acting_as(role)("sts")

    def assume(arn: str) -> Callable[[], Any]:
        return lambda: sts.assume_role(RoleArn=arn, RoleSessionName="other")

    return {f"become {name}": assume(arn) for name, arn in scene.product.roles.items()}
