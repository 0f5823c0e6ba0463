"""Each line about a registry that runs is made wrong once, in an emulated AWS with the product's own stacks."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from doctor import deployment
from doctor.account import Account
from doctor.before import names, quotas, records
from doctor.finding import Finding, Outcome
from doctor.running import alerts, copies, health, hosts, stacks
from lambdas.judge.sight import Sight
from lambdas.see import probe
from lambdas.see.http_answer import Answer
from lambdas.see.probe import Outside, Served
from rehearsal.cloud.servicequotas.quotas import ADDRESSES, VPCS
from tests.support.assembly import Synthesise
from tests.support.cloud_account import allow
from tests.support.deployed import DeployedProduct, deployed
from tests.support.doctor_account import DOMAIN, resolver_of
from tests.support.settings import settings

OK, WARNING, FAILURE, UNKNOWN = Outcome.OK, Outcome.WARNING, Outcome.FAILURE, Outcome.UNKNOWN


@pytest.fixture(scope="module")
def product(synthesise: Synthesise) -> Iterator[DeployedProduct]:
    with deployed(synthesise()) as product:
        yield product


@pytest.fixture
def account(product: DeployedProduct) -> Account:
    found = deployment.look(product.account.client("cloudformation"), "registry")
    return Account(
        settings(), "us-east-1", product.account.client, resolver_of({}), requests.Session(), "123456789012", found
    )


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A client whose service answers otherwise than the emulated one."""

    client: Any
    service: str
    answers: dict[str, Any]

    def __call__(self, service: str) -> Any:
        return self if service == self.service else self.client(service)

    def __getattr__(self, operation: str) -> Any:
        return lambda **_: self.answers[operation]


def with_status(account: Account, kind: str, status: str) -> Account:
    own = tuple(
        replace(each, status=status) if each.name == f"registry-{kind}" else each for each in account.deployment.own
    )
    return replace(account, deployment=replace(account.deployment, own=own))


def only(found: list[Finding], subject: str) -> Finding:
    (finding,) = (each for each in found if each.subject == subject)
    return finding


def test_a_deployed_registry_is_known_by_its_stacks(account: Account, product: DeployedProduct) -> None:
    assert account.deployment.runs
    assert account.deployment.address in product.account.cloud.associations()
    assert names.judge(account.deployment, "registry", DOMAIN).outcome == OK


def test_what_the_registry_has_needs_no_quota(account: Account, product: DeployedProduct) -> None:
    changed = product.account.cloud.engines.quotas.changed
    changed |= {ADDRESSES: 1, VPCS: 2}
    assert {found.outcome for found in quotas.check(account)} == {OK}
    changed.clear()


def test_complete_stacks_are_well(account: Account) -> None:
    assert stacks.check(account)[0].outcome == OK


@pytest.mark.parametrize(
    ("status", "outcome", "cure"),
    [
        ("UPDATE_IN_PROGRESS", WARNING, "Wait"),
        ("UPDATE_ROLLBACK_COMPLETE", WARNING, "rolled back"),
        ("UPDATE_ROLLBACK_FAILED", FAILURE, "deploy again"),
        ("ROLLBACK_COMPLETE", WARNING, "rolled back"),
    ],
)
def test_a_stack_in_another_state_is_named(account: Account, status: str, outcome: Outcome, cure: str) -> None:
    (found,) = stacks.check(with_status(account, "host", status))
    assert (found.outcome, f"registry-host {status}" in found.seen, cure in found.cure) == (outcome, True, True)


def test_a_missing_stack_is_named(account: Account) -> None:
    less = replace(account.deployment, own=account.deployment.own[:-1])
    (found,) = stacks.check(replace(account, deployment=less))
    assert (found.outcome, "npx cdk deploy --all" in found.cure) == (WARNING, True)


def test_the_host_is_in_service_but_the_address_waits_for_it(account: Account, product: DeployedProduct) -> None:
    found = hosts.check(account)
    (host,) = product.account.cloud.instances()
    assert only(found, "hosts") == Finding("hosts", OK, host.id, "at least one in service")
    assert only(found, "address").outcome == FAILURE
    assert "no host" in only(found, "address").seen
    ec2 = product.account.client("ec2")
    (address,) = ec2.describe_addresses()["Addresses"]
    ec2.associate_address(AllocationId=address["AllocationId"], InstanceId=host.id)
    assert only(hosts.check(account), "address").outcome == OK


def test_a_group_without_a_host_is_a_failure(account: Account) -> None:
    empty = Elsewhere(account.client, "autoscaling", {"describe_auto_scaling_groups": {"AutoScalingGroups": []}})
    assert only(hosts.check(replace(account, client=empty)), "hosts").outcome == FAILURE


def test_a_suspended_group_is_named_with_its_cure(account: Account, product: DeployedProduct) -> None:
    assert only(hosts.check(account), "group's processes").outcome == OK
    autoscaling = product.account.client("autoscaling")
    (group,) = autoscaling.describe_auto_scaling_groups()["AutoScalingGroups"]
    name = group["AutoScalingGroupName"]
    autoscaling.suspend_processes(AutoScalingGroupName=name, ScalingProcesses=["ReplaceUnhealthy", "HealthCheck"])
    found = only(hosts.check(account), "group's processes")
    assert (found.outcome, found.seen) == (WARNING, "suspended: HealthCheck, ReplaceUnhealthy")
    assert f"aws autoscaling resume-processes --auto-scaling-group-name {name}" in found.cure
    autoscaling.resume_processes(AutoScalingGroupName=name)


def test_an_address_that_is_gone_is_a_failure(account: Account) -> None:
    none = Elsewhere(account.client, "ec2", {"describe_addresses": {"Addresses": []}})
    found = only(hosts.check(replace(account, client=none)), "address")
    assert (found.outcome, "is not this account's" in found.seen) == (FAILURE, True)


def test_alerts_that_nobody_confirmed_are_a_warning(account: Account) -> None:
    found = only(alerts.check(account), "alerts' e-mail")
    assert (found.outcome, "you@example.com" in found.cure) == (WARNING, True)
    confirmed = Elsewhere(
        account.client, "sns", {"get_topic_attributes": {"Attributes": {"SubscriptionsConfirmed": "1"}}}
    )
    assert only(alerts.check(replace(account, client=confirmed)), "alerts' e-mail").outcome == OK


def test_an_alarm_that_rings_is_named_by_its_meaning(account: Account, product: DeployedProduct) -> None:
    cloudwatch = product.account.client("cloudwatch")
    for row in cloudwatch.describe_alarms()["MetricAlarms"]:
        cloudwatch.set_alarm_state(AlarmName=row["AlarmName"], StateValue="OK", StateReason="test")
    assert only(alerts.check(account), "alarms").seen == "none of 10 rings"
    name = product.physical["AlarmsLostRuns"]
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="test")
    found = only(alerts.check(account), "alarms")
    assert (found.outcome, "could not start its function" in found.seen) == (WARNING, True)


def test_the_name_must_lead_to_the_registrys_address(account: Account) -> None:
    address = account.deployment.address
    assert records.judge(records.Records(a=(address,)), address, DOMAIN).outcome == OK
    for a in ((), ("192.0.2.1",), (address, "192.0.2.1")):
        found = records.judge(records.Records(a=a), address, DOMAIN)
        assert (found.outcome, address in found.cure) == (FAILURE, True)


def test_a_registry_without_users_lets_nobody_in(account: Account) -> None:
    found = names.judge_users((), account.deployment.stack("host"), account.settings.parameter_path)
    assert (found.outcome, "users/push/NAME" in found.cure) == (FAILURE, True)


def sight(outside: Outside) -> Sight:
    return Sight("198.51.100.7", outside, None, datetime.now(UTC))


def seen(**changed: Any) -> Outside:
    """A registry that serves, but for what a test changes."""
    now = datetime.now(UTC)
    served = Served("ok", "ab", now - timedelta(days=10), now + timedelta(days=80))
    well = Outside(probe.Names(("198.51.100.7",)), "open", None, served, Answer(401, challenge='Basic realm="r"'))
    return replace(well, **changed)


def test_the_front_door_says_the_certificates_days_and_401() -> None:
    lines = {found.subject: found for found in health.judge(sight(seen()), "docs/runbook.md")}
    assert {found.outcome for found in lines.values()} == {OK}
    assert lines["certificate life left"].seen == "80.0 days"
    assert lines["/v2/ without login"].seen.startswith("HTTP 401")


def test_a_closed_port_brings_the_cure_of_its_cause_once() -> None:
    found = list(health.judge(sight(seen(port_443="silent", port_80="open", served=None, anonymous=None)), "page"))
    failing = [each for each in found if each.outcome == FAILURE]
    assert [each.subject for each in failing] == ["port 443"]
    assert "Open TCP 443" in failing[0].cure
    assert "page#port-443-is-closed" in failing[0].cure


def test_a_registry_that_lets_everybody_in_is_a_failure() -> None:
    found = {each.subject: each for each in health.judge(sight(seen(anonymous=Answer(200))), "page")}
    assert found["/v2/ without login"].outcome == FAILURE


def test_a_health_login_that_may_not_be_read_is_not_looked_at(account: Account, product: DeployedProduct) -> None:
    nobody = product.account.client_of_user("ssm", allow("s3:ListAllMyBuckets", "*"))
    login, found = health.look_for_login(replace(account, client=lambda _: nobody))
    assert (login, found.outcome) == (None, UNKNOWN)
    assert found.seen == "could not look: the permission ssm:GetParameter is missing"


def test_a_host_that_may_not_be_asked_is_not_looked_at(account: Account, product: DeployedProduct) -> None:
    nobody = product.account.client_of_user("ssm", allow("s3:ListAllMyBuckets", "*"))
    inside, found = health.look_inside(
        replace(account, client=lambda name: nobody if name == "ssm" else account.client(name))
    )
    assert (inside, found.outcome) == (None, UNKNOWN)
    assert found.seen == "could not look: the permission ssm:SendCommand is missing"


def test_a_certificate_that_expires_soon_is_a_warning() -> None:
    now = datetime.now(UTC)
    old = Served("ok", "ab", now - timedelta(days=80), now + timedelta(days=10))
    found = {each.subject: each for each in health.judge(sight(seen(served=old)), "page")}
    assert found["certificate life left"].outcome == WARNING


def test_a_missing_health_login_is_a_failure(account: Account) -> None:
    login, found = health.look_for_login(account)
    assert (login, found.outcome) == (None, FAILURE)


def test_without_the_setting_nothing_is_said_of_copies(account: Account) -> None:
    assert copies.check(account) == []


def test_a_bucket_without_rules_copies_nothing(account: Account) -> None:
    (found,) = copies.check(replace(account, settings=settings(replica_region="eu-west-1")))
    assert (found.outcome, found.seen) == (WARNING, "nothing is copied")
    assert "Deploy with replica_region eu-west-1" in found.cure


def test_images_from_before_the_rules_are_counted_and_young_ones_are_not(
    account: Account, product: DeployedProduct
) -> None:
    bucket, s3 = product.physical["Images"], product.account.client("s3")
    for number in range(3):
        s3.put_object(Bucket=bucket, Key=f"{copies.BELOW}sha256/0{number}/data", Body=b"a layer")
    rule = {
        "Status": "Enabled",
        "Priority": 1,
        "Filter": {"Prefix": "docker/"},
        "DeleteMarkerReplication": {"Status": "Enabled"},
        "Destination": {"Bucket": "arn:aws:s3:::copy"},
    }
    rules = {"Role": "arn:aws:iam::123456789012:role/copy", "Rules": [rule]}
    s3.put_bucket_replication(Bucket=bucket, ReplicationConfiguration=rules)
    now = datetime.now(UTC)
    assert copies.look(account, now) == []
    assert copies.look(account, now + timedelta(hours=2)) == [copies.NEVER] * 3


@pytest.mark.parametrize(
    ("states", "outcome", "seen"),
    [
        ([], OK, "of 0 sampled objects, 0 copied"),
        ([copies.DONE] * 20, OK, "of 20 sampled objects, 20 copied"),
        ([copies.DONE, copies.FAILED], WARNING, "of 2 sampled objects, 1 copied, 1 FAILED"),
        ([copies.WAITING, copies.NEVER], WARNING, "of 2 sampled objects, 0 copied, 1 PENDING, 1 never asked for"),
    ],
)
def test_each_state_of_a_copy_is_counted(states: list[str], outcome: Outcome, seen: str) -> None:
    found = copies.judge(states, "eu-west-1")
    assert (found.outcome, found.seen) == (outcome, seen)
    assert ("#from-the-copy-alone" in found.cure) == (outcome == WARNING)
