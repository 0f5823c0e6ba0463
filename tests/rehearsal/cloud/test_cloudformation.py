"""Stacks are created, updated, rolled back and deleted as by CloudFormation."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.cloud.cloudformation.template import TemplateError, creation_order
from rehearsal.cloud.ec2.resources import LaunchTemplateType, UndoneTemplate
from tests.support.cloud_account import Account, host_stack, resource
from tests.support.waiting import until

BUCKET: dict[str, Any] = {"Resources": {"Images": {"Type": "AWS::S3::Bucket"}}}
STORAGE = {"StackName": "storage", "TemplateBody": json.dumps(BUCKET)}


def test_an_unknown_type_fails_the_stack_by_name(account: Account) -> None:
    template = {"Resources": {"Fleet": {"Type": "AWS::GameLift::Fleet"}, **BUCKET["Resources"]}}
    assert account.create("games", template) == "ROLLBACK_COMPLETE"
    assert "AWS::GameLift::Fleet" in account.reasons("games", "Fleet")[-1]
    assert account.client("s3").list_buckets()["Buckets"] == []


def test_creation_ends_when_the_host_signals(account: Account) -> None:
    account.cloudformation.create_stack(StackName="host", TemplateBody=json.dumps(host_stack()))
    (instance,) = until(account.cloud.instances)
    assert account.stack("host")["StackStatus"] == "CREATE_IN_PROGRESS"
    account.signal(instance, "SUCCESS")
    assert account.settled("host") == "CREATE_COMPLETE"
    assert f"Received SUCCESS signal with UniqueId {instance.id}" in account.reasons("host", "Hosts")


def test_a_resource_independent_of_the_group_does_not_wait_for_it(account: Account) -> None:
    template = host_stack()
    template["Resources"]["Late"] = {"Type": "AWS::S3::Bucket"}
    account.cloudformation.create_stack(StackName="host", TemplateBody=json.dumps(template))
    (instance,) = until(account.cloud.instances)
    assert [bucket["Name"] for bucket in account.client("s3").list_buckets()["Buckets"]]
    account.signal(instance, "SUCCESS")
    assert account.settled("host") == "CREATE_COMPLETE"


def test_a_failure_signal_rolls_the_creation_back(account: Account) -> None:
    with account.hosts_signal("FAILURE"):
        assert account.create("host", host_stack()) == "ROLLBACK_COMPLETE"
    assert account.reasons("host", "Hosts")[-3] == (
        "Received 1 FAILURE signal(s) out of 1. Unable to satisfy 100% MinSuccessfulInstancesPercent requirement"
    )
    assert account.cloud.instances() == ()
    ec2 = account.client("ec2")
    assert [vpc["CidrBlock"] for vpc in ec2.describe_vpcs()["Vpcs"]] == ["172.31.0.0/16"]
    assert ec2.describe_launch_templates()["LaunchTemplates"] == []


def test_a_silent_host_fails_the_creation_after_its_timeout(account: Account) -> None:
    assert account.create("host", host_stack(timeout="PT1S")) == "ROLLBACK_COMPLETE"
    assert "Failed to receive 1 resource signal(s) within the specified duration" in account.reasons("host", "Hosts")


def test_a_new_template_starts_the_new_host_before_the_old_one_goes(account: Account) -> None:
    old = account.create_host("first")
    account.cloudformation.update_stack(StackName="host", TemplateBody=json.dumps(host_stack("second")))
    both = until(lambda: found if len(found := account.cloud.instances()) == 2 else None)
    assert account.stack("host")["StackStatus"] == "UPDATE_IN_PROGRESS"
    (new,) = (instance for instance in both if instance.id != old.id)
    account.signal(new, "SUCCESS")
    assert account.settled("host") == "UPDATE_COMPLETE"
    assert account.cloud.instances() == (new,)
    assert new.user_data == b"second"


@pytest.fixture(params=UndoneTemplate)
def undone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> UndoneTemplate:
    """Each of the two ways in which AWS may undo a launch template that was changed in place."""
    monkeypatch.setattr(LaunchTemplateType, "undone", request.param)
    found: UndoneTemplate = request.param
    return found


def group_of(account: Account) -> dict[str, Any]:
    (group,) = account.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    found: dict[str, Any] = group
    return found


def templates_of(account: Account) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = account.client("ec2").describe_launch_templates()["LaunchTemplates"]
    return found


@pytest.mark.usefixtures("undone")
def test_a_roll_back_keeps_the_old_host_whose_template_is_its_own(account: Account) -> None:
    old, (template,) = account.create_host("first"), templates_of(account)
    with account.hosts_signal("FAILURE"):
        assert account.update("host", host_stack("broken")) == "UPDATE_ROLLBACK_COMPLETE"
    assert account.cloud.instances() == (old,)
    assert templates_of(account) == [template]
    assert group_of(account)["SuspendedProcesses"] == []
    assert sum("Waiting on 1 resource signal(s)" in each for each in account.reasons("host", "Hosts")) == 1
    assert account.cloudformation.get_template(StackName="host")["TemplateBody"] == host_stack("first")


@pytest.mark.usefixtures("undone")
def test_the_group_starts_the_next_host_from_the_template_before_a_roll_back(account: Account) -> None:
    old = account.create_host("first")
    with account.hosts_signal("FAILURE"):
        account.update("host", host_stack("broken"))
    account.client("ec2").terminate_instances(InstanceIds=[old.id])
    (new,) = until(lambda: tuple(each for each in account.cloud.instances() if each.id != old.id))
    assert new.user_data == b"first"


def test_a_roll_back_leaves_the_failed_version_of_a_template_that_was_changed_in_place(account: Account) -> None:
    account.create_host("first", in_place=True)
    with account.hosts_signal("FAILURE"):
        account.update("host", host_stack("broken", in_place=True))
    (template,) = templates_of(account)
    assert template["LatestVersionNumber"] == 2
    assert group_of(account)["LaunchTemplate"]["Version"] == "2"


def test_a_roll_back_by_one_more_version_replaces_the_old_host(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LaunchTemplateType, "undone", UndoneTemplate.HAS_ONE_MORE_VERSION)
    account.create_host("first", in_place=True)
    with account.hosts_signal("FAILURE"):
        # The host of the roll-back has to signal as well.
        assert account.update("host", host_stack("broken", in_place=True)) == "UPDATE_ROLLBACK_FAILED"
    (template,) = templates_of(account)
    assert template["LatestVersionNumber"] == 3


def test_a_failed_roll_leaves_the_group_suspended_until_a_roll_succeeds(account: Account) -> None:
    account.create_host("first")
    # The group gets no instance of this type, so the roll-back has none to replace.
    assert account.update("host", host_stack("refused", instance_type="none.large")) == "UPDATE_ROLLBACK_COMPLETE"
    suspended = {process["ProcessName"] for process in group_of(account)["SuspendedProcesses"]}
    assert suspended == {"HealthCheck", "ReplaceUnhealthy"}
    with account.hosts_signal("SUCCESS"):
        assert account.update("host", host_stack("second")) == "UPDATE_COMPLETE"
    assert group_of(account)["SuspendedProcesses"] == []


def test_a_silent_host_fails_the_update_after_its_timeout(account: Account) -> None:
    old = account.create_host("first", timeout="PT2S")
    assert account.update("host", host_stack("silent", timeout="PT2S")) == "UPDATE_ROLLBACK_COMPLETE"
    assert account.cloud.instances() == (old,)


def test_a_failed_update_undoes_the_resources_it_changed(account: Account) -> None:
    account.create_host("first")
    with account.hosts_signal("SUCCESS"):
        broken = host_stack("second")
        broken["Resources"]["Extra"] = {"Type": "AWS::S3::Bucket"}
        broken["Resources"]["Fleet"] = {"Type": "AWS::GameLift::Fleet", "DependsOn": ["Hosts", "Extra"]}
        assert account.update("host", broken) == "UPDATE_ROLLBACK_COMPLETE"
    assert [instance.user_data for instance in account.cloud.instances()] == [b"first"]
    assert account.client("s3").list_buckets()["Buckets"] == []


def test_an_update_that_changes_nothing_is_refused(account: Account) -> None:
    account.create("storage", BUCKET)
    with pytest.raises(ClientError, match=r"No updates are to be performed\."):
        account.update("storage", BUCKET)


def test_a_change_set_without_changes_fails_as_the_cdk_expects(account: Account) -> None:
    account.create("storage", BUCKET)
    account.cloudformation.create_change_set(ChangeSetName="again", ChangeSetType="UPDATE", **STORAGE)
    described = account.cloudformation.describe_change_set(StackName="storage", ChangeSetName="again")
    assert described["Status"] == "FAILED"
    assert described["StatusReason"].startswith("The submitted information didn't contain changes.")


def test_the_next_stack_of_a_name_has_no_change_set_of_the_deleted_one(account: Account) -> None:
    for _ in ("first", "next"):
        account.cloudformation.create_change_set(ChangeSetName="cdk", ChangeSetType="CREATE", **STORAGE)
        account.cloudformation.execute_change_set(StackName="storage", ChangeSetName="cdk")
        assert account.settled("storage") == "CREATE_COMPLETE"
        account.delete("storage")


def test_a_change_set_is_carried_out_only_when_executed(account: Account) -> None:
    account.cloudformation.create_change_set(ChangeSetName="new", ChangeSetType="CREATE", **STORAGE)
    assert account.stack("storage")["StackStatus"] == "REVIEW_IN_PROGRESS"
    account.cloudformation.execute_change_set(StackName="storage", ChangeSetName="new")
    assert account.settled("storage") == "CREATE_COMPLETE"


def test_a_change_set_takes_the_previous_value_of_a_parameter(account: Account) -> None:
    """As a second `cdk bootstrap` does, the cure of an old one."""
    stack = {"StackName": "toolkit", "TemplateBody": json.dumps({"Parameters": {"Name": {"Type": "String"}}, **BUCKET})}
    first = [{"ParameterKey": "Name", "ParameterValue": "hnb659fds"}]
    account.cloudformation.create_stack(**stack, Parameters=first)
    assert account.settled("toolkit") == "CREATE_COMPLETE"
    previous = [{"ParameterKey": "Name", "UsePreviousValue": True}]
    account.cloudformation.create_change_set(
        **stack, ChangeSetName="again", ChangeSetType="UPDATE", Parameters=previous
    )
    described = account.cloudformation.describe_change_set(StackName="toolkit", ChangeSetName="again")
    assert described["Parameters"] == first


def test_a_protected_stack_is_not_deleted(account: Account) -> None:
    account.create("storage", BUCKET, EnableTerminationProtection=True)
    with pytest.raises(ClientError, match="TerminationProtection is enabled"):
        account.delete("storage")
    account.cloudformation.update_termination_protection(StackName="storage", EnableTerminationProtection=False)
    assert account.delete("storage") == "DELETE_COMPLETE"


def test_a_retained_bucket_outlives_its_stack(account: Account) -> None:
    kept = {"Resources": {"Images": {"Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain"}}}
    account.create("storage", kept)
    assert account.delete("storage") == "DELETE_COMPLETE"
    assert len(account.client("s3").list_buckets()["Buckets"]) == 1


def test_a_bucket_with_objects_fails_the_deletion(account: Account) -> None:
    account.create("storage", BUCKET)
    s3 = account.client("s3")
    name = s3.list_buckets()["Buckets"][0]["Name"]
    s3.put_object(Bucket=name, Key="layer", Body=b"bytes")
    assert account.delete("storage") == "DELETE_FAILED"
    assert "not empty" in account.reasons("storage", "Images")[-1]
    s3.delete_object(Bucket=name, Key="layer")
    assert account.delete("storage") == "DELETE_COMPLETE"


EXPORTING = {
    "Resources": {"Address": resource("AWS::EC2::EIP", Domain="vpc")},
    "Outputs": {"Address": {"Value": {"Ref": "Address"}, "Export": {"Name": "address"}}},
}
NOTE = resource("AWS::SSM::Parameter", Name="/note", Type="String", Value={"Fn::ImportValue": "address"})
IMPORTING = {"Resources": {"Note": NOTE}}


def test_a_stack_reads_what_another_one_exports(account: Account) -> None:
    account.create("dns", EXPORTING)
    account.create("host", IMPORTING)
    note = account.client("ssm").get_parameter(Name="/note")["Parameter"]["Value"]
    assert {note} == account.cloud.associations().keys()


def test_a_stack_with_an_export_in_use_is_not_deleted(account: Account) -> None:
    account.create("dns", EXPORTING)
    account.create("host", IMPORTING)
    assert account.delete("dns") == "CREATE_COMPLETE"
    assert "as it is in use by host" in account.reasons("dns", "dns")[-1]
    without = {"Resources": EXPORTING["Resources"]}
    assert account.update("dns", without) == "UPDATE_ROLLBACK_COMPLETE"


def test_importing_an_unknown_export_fails(account: Account) -> None:
    assert account.create("host", IMPORTING) == "ROLLBACK_COMPLETE"
    assert "No export named address found." in account.reasons("host", "Note")


def test_a_signal_to_a_finished_stack_is_refused(account: Account) -> None:
    instance = account.create_host()
    with pytest.raises(ClientError, match="is in CREATE_COMPLETE state and can not be signaled"):
        account.signal(instance, "SUCCESS")


def test_a_signal_with_a_strange_id_does_not_count(account: Account) -> None:
    account.cloudformation.create_stack(StackName="host", TemplateBody=json.dumps(host_stack(timeout="PT1S")))
    until(account.cloud.instances)
    hosts = {"StackName": "host", "LogicalResourceId": "Hosts"}
    account.cloudformation.signal_resource(**hosts, UniqueId="i-stranger", Status="SUCCESS")
    assert account.settled("host") == "ROLLBACK_COMPLETE"


def test_a_waiting_group_is_created_after_all_independent_resources() -> None:
    waiting = {"Type": "Group", "CreationPolicy": {"ResourceSignal": {}}}
    order = creation_order({"Hosts": waiting, "After": {"DependsOn": "Hosts"}, "Other": {}})
    assert order == ["Other", "Hosts", "After"]


def test_a_circle_of_resources_is_named() -> None:
    with pytest.raises(TemplateError, match=r"\[A, B\]"):
        creation_order({"A": {"P": {"Ref": "B"}}, "B": {"P": {"Fn::Sub": "x-${A.Arn}"}}})
