"""The Auto Scaling group and its hosts, and the one that holds the address."""

from dataclasses import dataclass

from doctor.account import Account
from doctor.finding import Finding, Outcome
from lambdas.aws.hosts import Hosts, find_hosts
from lambdas.see.run_command import HOST_TAG

HOSTS = "hosts"
GROUP = "group's processes"
ADDRESS = "address"


@dataclass(frozen=True, slots=True)
class Group:
    name: str
    suspended: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Holder:
    """``instance_id`` is empty while no host holds the address."""

    address: str
    instance_id: str
    exists: bool = True


def judge(hosts: Hosts) -> Finding:
    expected = "at least one in service"
    shown = ", ".join((*hosts.in_service, *(f"{host} (changing)" for host in hosts.changing))) or "none"
    if not hosts.in_service:
        cure = "The group starts one by itself. If it does not, read the group's activities in the EC2 console."
        return Finding(HOSTS, Outcome.FAILURE, shown, expected, cure)
    return Finding(HOSTS, Outcome.OK, shown, expected)


def look_at_groups(account: Account) -> tuple[Group, ...]:
    tag = {"Name": f"tag:{HOST_TAG}", "Values": [account.settings.domain_name]}
    rows = account.client("autoscaling").describe_auto_scaling_groups(Filters=[tag])["AutoScalingGroups"]
    return tuple(
        Group(row["AutoScalingGroupName"], tuple(each["ProcessName"] for each in row["SuspendedProcesses"]))
        for row in rows
    )


def judge_group(group: Group) -> Finding:
    """CloudFormation suspends some while it replaces hosts. If the deployment fails, they may stay so."""
    expected = "none suspended"
    if not group.suspended:
        return Finding(GROUP, Outcome.OK, "none suspended", expected)
    cure = (
        "Unless a deployment is under way, no broken host is replaced. Resume them: aws autoscaling resume-processes"
        f" --auto-scaling-group-name {group.name}"
    )
    return Finding(GROUP, Outcome.WARNING, f"suspended: {', '.join(sorted(group.suspended))}", expected, cure)


def look_for_holder(account: Account) -> Holder:
    wanted = account.deployment.address
    filters = [{"Name": "public-ip", "Values": [wanted]}]
    rows = account.client("ec2").describe_addresses(Filters=filters)["Addresses"]
    return Holder(wanted, rows[0].get("InstanceId", ""), exists=True) if rows else Holder(wanted, "", exists=False)


def judge_holder(holder: Holder, hosts: Hosts) -> Finding:
    expected = f"{holder.address} held by a host in service"
    if not holder.exists:
        cure = "The address was released outside of CloudFormation. Destroy and deploy the dns stack again."
        return Finding(ADDRESS, Outcome.FAILURE, f"{holder.address} is not this account's", expected, cure)
    if holder.instance_id in hosts.in_service:
        return Finding(ADDRESS, Outcome.OK, f"{holder.address} held by {holder.instance_id}", expected)
    seen = f"{holder.address} held by {holder.instance_id or 'no host'}"
    cure = "A host in service takes the address within two minutes. If not, read the host log (output HostLog)."
    return Finding(ADDRESS, Outcome.FAILURE, seen, expected, cure)


def check(account: Account) -> list[Finding]:
    hosts = find_hosts(account.client("autoscaling"), account.settings.domain_name)
    found = [judge(hosts), *map(judge_group, look_at_groups(account))]
    return [*found, judge_holder(look_for_holder(account), hosts)] if account.deployment.address else found
