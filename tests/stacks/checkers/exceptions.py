"""The checkers' findings that we do not follow, each with its reason.

test_checkers.py fails on a finding that is not in this list, and on an entry that no checker reports any more.
"""

from collections.abc import Mapping

BUCKETS = ("storage/Images", "storage/State", "replica/Images", "replica/State")
FUNCTIONS = ("operations/CheckHealth", "operations/RenewCertificate")
FUNCTION_ROLES = ("operations/CheckHealthRole", "operations/RenewCertificateRole")

# By rule and resources, which are written as in test_checkers.py: the stack, and the resource in it without its hash.
EXCEPTED: Mapping[tuple[str, tuple[str, ...]], str] = {
    ("AwsSolutions-S1", BUCKETS): (
        "An access log needs a third bucket, and grows by a line for each pulled layer. nginx's log on the host has"
        " every pull with its user; the buckets' only reader is the host's role."
    ),
    ("CKV_AWS_18", BUCKETS): "As AwsSolutions-S1, which is the same rule.",
    ("AwsSolutions-VPC7", ("host/Network",)): (
        "Flow logs cost by the gigabyte, and nginx's log has the same with more detail: the security group opens only"
        " ports 80 and 443 of one host."
    ),
    ("AwsSolutions-EC23", ("host/Ports",)): (
        "A registry that docker can reach from anywhere is the product. Only ports 80 and 443 are open."
    ),
    ("CKV_AWS_260", ("host/Ports",)): (
        "Port 80 answers the certificate authority's challenge, and redirects everything else to HTTPS."
    ),
    ("AwsSolutions-AS3", ("host/Group/ASG",)): (
        "A mail for every launch would be a mail for every deploy. Only check_health replaces a host by itself, and"
        " reports it in its own mail."
    ),
    ("AwsSolutions-L1", FUNCTIONS): (
        "Python 3.13 is the newest runtime that the rehearsal can run the deployed package on (Debian 13's Python);"
        " AWS supports it until 2029."
    ),
    ("AwsSolutions-SQS3", ("operations/LostRuns",)): (
        "It is itself the dead-letter queue of the schedules: the rule does not know this use."
    ),
    ("CKV_AWS_27", ("operations/LostRuns",)): (
        "SQS encrypts it with its own key (SqsManagedSseEnabled); the rule looks for a KMS key only. A message holds"
        " the time of a run that could not start."
    ),
    ("CKV_AWS_116", FUNCTIONS): (
        "A run that cannot start ends in the schedule's dead-letter queue; a failed run raises the alarm on errors,"
        " and the schedule starts the next."
    ),
    ("CKV_AWS_117", FUNCTIONS): (
        "The health check looks from outside, as a client does. Inside the VPC it would need a NAT gateway, which"
        " costs more than everything else."
    ),
    ("CKV_AWS_115", FUNCTIONS): (
        "Reserving concurrency fails in an account that has the initial quota of 10. Two runs at once do no harm: the"
        " conditional write in the state bucket lets only one of them act."
    ),
    ("CKV_AWS_173", FUNCTIONS): (
        "Lambda encrypts it with its own key. It holds names, no secret: rehearsal/story/security/hardening.py looks."
    ),
    ("CKV_AWS_158", ("storage/HostLogGroup", "operations/CheckHealthLog", "operations/RenewCertificateLog")): (
        "CloudWatch Logs encrypts them with its own key. A customer managed one would cost a dollar a month to"
        " protect text with no secret in it: rehearsal/story/security/hardening.py looks."
    ),
    ("CKV_AWS_111", ("host/Role",)): (
        "The SSM agent's messages (ssmmessages, ec2messages) know no resources; every other write names its own."
    ),
    ("AwsSolutions-IAM5", ("host/Role *",)): "The SSM agent's messages (ssmmessages, ec2messages) know no resources.",
    ("AwsSolutions-IAM5", ("host/Role <Images>/*",)): (
        "The image bucket is the registry's alone, and the registry writes where a layer's digest says."
    ),
    (
        "AwsSolutions-IAM5",
        ("host/Role arn:s3:::cdk-hnb659fds-assets-<AWS::AccountId>-<AWS::Region>/registry-host/*.zip",),
    ): (
        "Only this stack writes below that prefix. After a roll-back the next host needs the scripts of the deployment"
        " before, whose hash this template does not know."
    ),
    ("AwsSolutions-IAM5", ("host/Role arn:ssm:parameter/registry/registry.example.com/users/*",)): (
        "Users come and go by their parameters: the host must also read users created later."
    ),
    ("AwsSolutions-IAM5", ("host/Role arn:ec2:network-interface/*", "host/Role arn:ec2:instance/*")): (
        "A host puts the address on itself, and has no id before it exists. The instance must have the registry's"
        " tag, and the address is named."
    ),
    (
        "AwsSolutions-IAM5",
        tuple(f"{role} arn:ec2:instance/*" for role in (*FUNCTION_ROLES, "operations/UserChangesRole")),
    ): (
        "Commands go to the instances that have the registry's tag (a condition of the statement): naming one would"
        " stop hosts from being replaced."
    ),
    ("AwsSolutions-IAM5", tuple(f"{role} *" for role in FUNCTION_ROLES)): (
        "ssm:GetCommandInvocation, ssm:ListCommandInvocations and autoscaling:DescribeAutoScalingGroups know no"
        " resources."
    ),
    ("AwsSolutions-IAM5", ("operations/CheckHealthRole arn:autoscaling:autoScalingGroup:*:autoScalingGroupName/*",)): (
        "The group must have the registry's tag (a condition of the statement); its name is AWS's own invention."
    ),
    (
        "AwsSolutions-IAM5",
        tuple(
            f"storage/CopyRole/DefaultPolicy {bucket}/{prefix}/*"
            for own, kind, prefixes in (
                ("<Images2D38C313.Arn>", "images", ("docker",)),
                ("<State1C20CC9A.Arn>", "state", ("letsencrypt", "usage")),
            )
            for bucket in (own, f"arn:s3:::registry-{kind}-<AWS::AccountId>-eu-west-1")
            for prefix in prefixes
        ),
    ): "S3 copies every object below these prefixes, and an object's name is its content's digest.",
    ("W3005", ("host/Hosts", *FUNCTIONS)): (
        "The CDK also writes down dependencies that references imply. They are redundant, not wrong."
    ),
}
