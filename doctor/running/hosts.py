"""The hosts of the Auto Scaling group, and the one that holds the address."""

from dataclasses import dataclass

from doctor.account import Account
from doctor.finding import Finding, Outcome
from lambdas.aws.hosts import Hosts, find_hosts

HOSTS = "hosts"
ADDRESS = "address"


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
    found = [judge(hosts)]
    return [*found, judge_holder(look_for_holder(account), hosts)] if account.deployment.address else found
