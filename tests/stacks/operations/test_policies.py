"""Everything the functions may do. What is not in these lists, they may not."""

from typing import Any

from tests.stacks.conftest import Assembly, readable
from tests.stacks.host.test_role import as_list

HERE = "<AWS::Region>:<AWS::AccountId>"
STATE = "<registry-storage:ExportsOutputFnGetAttState1C20CC9AArnF70626CA>"
DOMAIN = "registry.example.com"
TAGGED = {"StringEquals": {"ssm:resourceTag/registry:domain": DOMAIN}}

Statement = tuple[str, set[str], set[str], Any]


def statements(assembly: Assembly, prefix: str) -> list[Statement]:
    (role,) = (
        each["Properties"]
        for name, each in assembly.operations.of_type("AWS::IAM::Role").items()
        if name.startswith(prefix)
    )
    assert "ManagedPolicyArns" not in role
    (policy,) = role["Policies"]
    return [
        (
            each["Sid"],
            set(as_list(each["Action"])),
            {short(readable(resource)) for resource in as_list(each["Resource"])},
            each.get("Condition"),
        )
        for each in policy["PolicyDocument"]["Statement"]
    ]


def short(resource: str) -> str:
    """Without what only tells one synthesis from another."""
    for name in (
        "AlertsTopic",
        "AlertsKey",
        "Verbs",
        "CheckHealthLog",
        "RenewCertificateLog",
        "RenewCertificate",
        "LostRuns",
    ):
        if f"<{name}" in resource:
            before, _, after = resource.partition(f"<{name}")
            return f"{before}<{name}>{after.partition('>')[2]}"
    return resource


def common(log: str) -> list[Statement]:
    return [
        ("Log", {"logs:CreateLogStream", "logs:PutLogEvents"}, {f"<{log}>"}, None),
        ("RingDocument", {"ssm:SendCommand"}, {f"arn:<AWS::Partition>:ssm:{HERE}:document/<Verbs>"}, None),
        ("RingHosts", {"ssm:SendCommand"}, {f"arn:<AWS::Partition>:ec2:{HERE}:instance/*"}, TAGGED),
        ("ReadAnswers", {"ssm:GetCommandInvocation", "ssm:ListCommandInvocations"}, {"*"}, None),
        ("Tell", {"sns:Publish"}, {"<AlertsTopic>"}, None),
        ("EncryptMail", {"kms:Decrypt", "kms:GenerateDataKey"}, {"<AlertsKey>"}, None),
        ("StateBucket", {"s3:ListBucket"}, {STATE}, None),
    ]


def test_the_renewal_may_exactly_this(assembly: Assembly) -> None:
    assert statements(assembly, "RenewCertificateRole") == [
        *common("RenewCertificateLog"),
        ("Remember", {"s3:GetObject", "s3:PutObject"}, {f"{STATE}/renewal/{DOMAIN}.json"}, None),
    ]


def test_the_health_check_may_exactly_this(assembly: Assembly) -> None:
    assert statements(assembly, "CheckHealthRole") == [
        *common("CheckHealthLog"),
        ("Remember", {"s3:GetObject", "s3:PutObject"}, {f"{STATE}/health/{DOMAIN}.json"}, None),
        ("LastRenewal", {"s3:GetObject"}, {f"{STATE}/renewal/{DOMAIN}.json"}, None),
        (
            "HealthLogin",
            {"ssm:GetParameter"},
            {f"arn:<AWS::Partition>:ssm:{HERE}:parameter/registry/{DOMAIN}/users/pull/health"},
            None,
        ),
        ("CountReceivers", {"sns:GetTopicAttributes"}, {"<AlertsTopic>"}, None),
        ("RenewEarly", {"lambda:InvokeFunction"}, {"<RenewCertificate>"}, None),
        ("FindHosts", {"autoscaling:DescribeAutoScalingGroups"}, {"*"}, None),
        (
            "ReplaceHost",
            {"autoscaling:SetInstanceHealth"},
            {f"arn:<AWS::Partition>:autoscaling:{HERE}:autoScalingGroup:*:autoScalingGroupName/*"},
            {"StringEquals": {"aws:ResourceTag/registry:domain": DOMAIN}},
        ),
    ]


def test_a_schedule_may_start_its_own_function_and_lose_a_run(assembly: Assembly) -> None:
    assert statements(assembly, "RenewalScheduleRole") == [
        ("Start", {"lambda:InvokeFunction"}, {"<RenewCertificate>"}, None),
        ("Lose", {"sqs:SendMessage"}, {"<LostRuns>"}, None),
    ]
