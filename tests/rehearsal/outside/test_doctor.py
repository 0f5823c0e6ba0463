"""`python -m doctor` in a world, by the real names of AWS: each of its lines is wrong once. Many are at a time."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace

import pytest

from rehearsal.contract import product
from rehearsal.faults.fault import Target
from rehearsal.outside import doctor
from rehearsal.outside.doctor import Report
from rehearsal.outside.world import World
from rehearsal.story.step import Story
from tests.rehearsal.outside import disorder
from tests.rehearsal.outside.conftest import ZONES_WITHOUT_TYPE
from tests.rehearsal.outside.disorder import PICKY_DOMAIN, PICKY_ZONE, SECOND, SECOND_DOMAIN, UNDELEGATED, faults
from tests.support.world import needs_a_world

pytestmark = needs_a_world
OK, WARNING, FAILURE, UNKNOWN = product.DOCTOR_OK, product.DOCTOR_WARNING, product.DOCTOR_FAILURE, "?"

Reports = Mapping[str, Report]


def words(report: Report) -> dict[str, str]:
    """By the line's subject."""
    pairs = (line.partition(": ")[0].split(maxsplit=1) for line in report.lines)
    return {subject: word for word, subject in pairs}


def expect(report: Report, wanted: Mapping[str, tuple[str, str]]) -> None:
    """``wanted``: a line's subject, its word, and a part of its text."""
    lines = dict(zip(words(report), report.lines, strict=True))
    seen = {name: lines.get(name, "no line") for name in wanted}
    wrong = {
        name: seen[name]
        for name, (word, text) in wanted.items()
        if seen[name].split(maxsplit=1)[0] != word or text not in seen[name]
    }
    assert wrong == {}, report.text
    assert report.exit_code == int(bool(report.with_word(FAILURE)))


@pytest.fixture(scope="module")
def reports(story: Story) -> Reports:
    """In the last one the operations stack is gone, for good."""
    world = story.world
    return {
        **ask_of_an_ill_host(world),
        **ask_of_a_mute_host(world),
        **ask_of_the_account(world),
        **ask_of_a_host_that_cannot_be_asked(world),
    }


def ask_of_an_ill_host(world: World) -> Reports:
    target = Target.newest(world)
    with disorder.group_out_of_order(world), faults(world, "registry-crash-looping", "certificate-expiring"):
        disorder.fail_to_renew(target)
        disorder.await_crashes(target)
        ill = ("login-check-stopped", "users-missing", "listings-slow", "memory-exhausted", "s3-denied", "disk-full")
        with faults(world, *ill, "clock-wrong", "reboot-due"):
            return {"ill": doctor.ask(world)}


def ask_of_a_mute_host(world: World) -> Reports:
    with ExitStack() as stack:
        stack.enter_context(disorder.placeholder_served(Target.newest(world)))
        stack.enter_context(disorder.no_users(world))
        stack.enter_context(faults(world, "docker-stopped", "dns-elsewhere", "host-resolver-broken"))
        return {"mute": doctor.ask(world)}


def ask_of_the_account(world: World) -> Reports:
    """And of a host that has lost its address."""
    with ExitStack() as stack:
        stack.enter_context(disorder.account_without_room(world))
        stack.enter_context(disorder.another_address(world))
        stack.enter_context(faults(world, "certificate-missing", "nginx-config-broken"))
        stack.enter_context(disorder.docker_hangs(Target.newest(world)))
        person = disorder.person_who_may_all_but(world, "servicequotas:GetServiceQuota")
        stack.enter_context(disorder.run_command_throttled(world, person))
        profile = world.state.profile
        asked: dict[str, Callable[[], Report]] = {
            "moved": lambda: doctor.ask(world),
            "person": lambda: doctor.ask(world, person),
            "second": lambda: doctor.ask(
                world,
                replace(profile, region=""),
                domain_name=SECOND_DOMAIN,
                name_prefix=SECOND,
                instance_type=product.instance_type(),
                host_ami_parameter="/my/none",
                registry_image="public.ecr.aws/docker/library/registry:3.9",
            ),
            "picky": lambda: doctor.ask(
                world,
                domain_name=PICKY_DOMAIN,
                name_prefix="third",
                hosted_zone=PICKY_ZONE,
                instance_type=product.instance_type(),
                availability_zones="2",
            ),
            "undelegated": lambda: doctor.ask(
                world, domain_name=f"a.{UNDELEGATED}", name_prefix="third", hosted_zone=UNDELEGATED
            ),
            "stranger": lambda: doctor.ask(world, replace(profile, access_key_id="AKIAUNKNOWN")),
        }
        with ThreadPoolExecutor() as pool:
            answers = {name: pool.submit(ask) for name, ask in asked.items()}
        return {name: answer.result() for name, answer in answers.items()}


def ask_of_a_host_that_cannot_be_asked(world: World) -> Reports:
    with faults(world, "diagnosis-unreadable", "not-the-registry"):
        unreadable = doctor.ask(world)
    disorder.delete_operations(world)
    return {"unreadable": unreadable, "no operations": doctor.ask(world)}


def test_what_stands_in_the_way_of_a_second_registry_is_told_at_once(reports: Reports) -> None:
    expect(
        reports["second"],
        {
            "region": (WARNING, "none is set"),
            "CDK bootstrap": (FAILURE, "version 5"),
            "deployment role": (FAILURE, "may not make ec2:RunInstances, lambda:CreateFunction"),
            "EC2 dry runs": (FAILURE, "an organization's policy denies ec2:RunInstances"),
            "VPCs": (FAILURE, "5 of 5 in use"),
            "internet gateways": (FAILURE, "5 of 5 in use"),
            "Elastic IPs": (FAILURE, "5 of 5 in use"),
            "stack names": (FAILURE, "second-dns is not a registry's"),
            "stacks": (FAILURE, "second-storage DELETE_FAILED"),
            "users of the domain": (WARNING, "push/anna"),
            "S3 Block Public Access": (WARNING, "off: BlockPublicAcls"),
            "instance type": (WARNING, f"not in {', '.join(ZONES_WITHOUT_TYPE)}"),
            "machine image": (FAILURE, "no parameter /my/none"),
            "registry image": (FAILURE, "no such image"),
            "records of the name": (FAILURE, "A 192.0.2.1"),
            "hosted zone": (OK, "example.com"),
        },
    )


def test_a_domain_of_somebody_else_is_told(reports: Reports) -> None:
    expect(
        reports["picky"],
        {
            "hosted zone": (FAILURE, "there is no zone picky.example"),
            "CAA records": (FAILURE, "picky.example allows digicert.com"),
            "certificates of the last week": (FAILURE, "5 of this name"),
            "instance type": (FAILURE, "expected t4g.small in us-east-1a and us-east-1b"),
        },
    )
    expect(reports["undelegated"], {"delegation": (FAILURE, f"no name server for {UNDELEGATED}")})


def test_a_person_whom_aws_refuses_something_is_told(reports: Reports) -> None:
    expect(
        reports["person"],
        {
            "quotas": (UNKNOWN, "permission servicequotas:GetServiceQuota is missing"),
            "Run Command": (FAILURE, "throttled"),
        },
    )
    expect(reports["stranger"], {"credentials": (FAILURE, "does not know this access key")})


def test_an_ill_host_and_its_group_are_told(reports: Reports) -> None:
    expect(
        reports["ill"],
        {
            "group's processes": (WARNING, "ReplaceUnhealthy"),
            "hosts": (FAILURE, "(changing)"),
            "address": (FAILURE, "expected 10.77.0.100 held by a host in service"),
            "alerts' e-mail": (WARNING, "none confirmed"),
            "alarms": (WARNING, "1 ring"),
            "certificate life left": (FAILURE, "16.0 days"),
            "last renewal": (FAILURE, ""),
            "/v2/ with login": (FAILURE, "HTTP 5"),
            "/v2/_catalog with login": (FAILURE, "HTTP 5"),
            "manifest with login": (FAILURE, "HTTP 5"),
            "host registry": (FAILURE, ""),
            "registry restarts": (FAILURE, "fewer than 5"),
            "registry log": (FAILURE, ""),
            "host engine": (FAILURE, ""),
            "host login": (FAILURE, ""),
            "host /v2/_catalog": (FAILURE, ""),
            "host auth": (FAILURE, "inactive"),
            "host users file": (FAILURE, "missing"),
            "slow listings": (FAILURE, "3, the longest 41"),
            "reboot due": (FAILURE, "for 8 days"),
            "host memory available": (FAILURE, "expected at least 4 %"),
            "host disk used": (FAILURE, "expected below 95 %"),
            "host clock": (FAILURE, "s off"),
            "host s3": (FAILURE, ""),
        },
    )


def test_a_host_without_names_users_and_docker_is_told(reports: Reports) -> None:
    expect(
        reports["mute"],
        {
            "DNS": (FAILURE, "192.0.2.80"),
            "records of the name": (FAILURE, "expected 10.77.0.100"),
            "TLS": (FAILURE, "self-signed"),
            "certificate served": (FAILURE, "as on disk"),
            "host docker": (FAILURE, "inactive"),
            "host resolver": (FAILURE, "broken"),
            "health login": (FAILURE, "no such parameter"),
            "users of the domain": (FAILURE, "Nobody can log in"),
        },
    )


def test_a_host_without_its_address_and_its_front_door_is_told(reports: Reports) -> None:
    expect(
        reports["moved"],
        {
            "port 443": (FAILURE, "silent"),
            "address": (FAILURE, "held by no host"),
            "host address": (FAILURE, ""),
            "host certificate": (FAILURE, "absent"),
            "host nginx": (FAILURE, ""),
            "host nginx config": (FAILURE, "this"),
            "host door": (FAILURE, "refused"),
            "host docker answer": (FAILURE, "none"),
        },
    )


def test_a_host_that_cannot_be_asked_is_told(reports: Reports) -> None:
    expect(reports["unreadable"], {"diagnose": (FAILURE, "0 facts"), "/v2/ without login": (FAILURE, "HTTP 200")})
    expect(
        reports["no operations"],
        {
            "host": (WARNING, "no document to ask the host with"),
            "stacks": (WARNING, "registry-operations missing"),
            "alerts' e-mail": (UNKNOWN, "operations stack is missing"),
        },
    )


def test_no_line_was_well_in_every_report(reports: Reports) -> None:
    seen = [words(report) for report in reports.values()]
    broken = {subject for lines in seen for subject, word in lines.items() if word != OK}
    assert {subject for lines in seen for subject in lines} == broken
