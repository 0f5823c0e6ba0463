"""All permissions of the functions: they may do nothing that is not in these lists."""

from tests.support.assembly import HERE, STATE, Assembly, Statement

DOMAIN = "registry.example.com"
TAGGED = {"StringEquals": {"ssm:resourceTag/registry:domain": DOMAIN}}


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


def test_the_renewal_has_exactly_these_permissions(assembly: Assembly) -> None:
    assert assembly.operations.statements("RenewCertificateRole") == [
        *common("RenewCertificateLog"),
        ("Remember", {"s3:GetObject", "s3:PutObject"}, {f"{STATE}/renewal/{DOMAIN}.json"}, None),
    ]


def test_the_health_check_has_exactly_these_permissions(assembly: Assembly) -> None:
    health_user = f"arn:<AWS::Partition>:ssm:{HERE}:parameter/registry/{DOMAIN}/users/pull/health"
    any_group = f"arn:<AWS::Partition>:autoscaling:{HERE}:autoScalingGroup:*:autoScalingGroupName/*"
    of_this_registry = {"StringEquals": {"aws:ResourceTag/registry:domain": DOMAIN}}
    assert assembly.operations.statements("CheckHealthRole") == [
        *common("CheckHealthLog"),
        ("Remember", {"s3:GetObject", "s3:PutObject"}, {f"{STATE}/health/{DOMAIN}.json"}, None),
        ("LastRenewal", {"s3:GetObject"}, {f"{STATE}/renewal/{DOMAIN}.json"}, None),
        ("HealthLogin", {"ssm:GetParameter"}, {health_user}, None),
        ("CountReceivers", {"sns:GetTopicAttributes"}, {"<AlertsTopic>"}, None),
        ("RenewEarly", {"lambda:InvokeFunction"}, {"<RenewCertificate>"}, None),
        ("FindHosts", {"autoscaling:DescribeAutoScalingGroups"}, {"*"}, None),
        ("ReplaceHost", {"autoscaling:SetInstanceHealth"}, {any_group}, of_this_registry),
    ]
