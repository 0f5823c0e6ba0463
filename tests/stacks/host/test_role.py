"""All permissions of a host: it may do nothing that is not in this list."""

from tests.support.assembly import HERE, STATE, Assembly

IMAGES = "<registry-storage:ExportsOutputFnGetAttImages2D38C313Arn6C6DDC6E>"
HOST_LOG = "<registry-storage:ExportsOutputFnGetAttHostLogGroup7B408FE5Arn9E481DCB>"
ALLOCATION = "<registry-dns:ExportsOutputFnGetAttAddressAllocationId6F69984F>"
PARAMETERS = f"arn:<AWS::Partition>:ssm:{HERE}:parameter/registry/registry.example.com"


def test_a_host_has_exactly_these_permissions(assembly: Assembly) -> None:
    scripts = "arn:<AWS::Partition>:s3:::cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}"
    seen = assembly.host.statements("Role")
    (asset,) = seen[0][2]
    assert asset.startswith(f"{scripts}/")
    assert asset.endswith(".zip")
    assert "*" not in asset
    assert seen == [
        ("OwnScripts", {"s3:GetObject"}, {asset}, None),
        ("ImageBucket", {"s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"}, {IMAGES}, None),
        (
            "Images",
            {
                "s3:AbortMultipartUpload",
                "s3:DeleteObject",
                "s3:GetObject",
                "s3:ListMultipartUploadParts",
                "s3:PutObject",
            },
            {f"{IMAGES}/*"},
            None,
        ),
        ("StateBucket", {"s3:ListBucket"}, {STATE}, None),
        ("Certificate", {"s3:GetObject", "s3:PutObject"}, {f"{STATE}/letsencrypt/registry.example.com.tar.gz"}, None),
        ("Users", {"ssm:GetParametersByPath"}, {f"{PARAMETERS}/users", f"{PARAMETERS}/users/*"}, None),
        ("HttpSecret", {"ssm:GetParameter"}, {f"{PARAMETERS}/http-secret"}, None),
        (
            "CreateOnly",
            {"ssm:PutParameter"},
            {f"{PARAMETERS}/http-secret", f"{PARAMETERS}/users/push/admin", f"{PARAMETERS}/users/pull/health"},
            {"StringNotEquals": {"ssm:Overwrite": "true"}},
        ),
        ("ReportToDeployment", {"cloudformation:SignalResource"}, {"<AWS::StackId>"}, None),
        (
            "TakeAddress",
            {"ec2:AssociateAddress"},
            {
                f"arn:<AWS::Partition>:ec2:{HERE}:elastic-ip/{ALLOCATION}",
                f"arn:<AWS::Partition>:ec2:{HERE}:network-interface/*",
            },
            None,
        ),
        (
            "TakeAddressAsHost",
            {"ec2:AssociateAddress"},
            {f"arn:<AWS::Partition>:ec2:{HERE}:instance/*"},
            {"StringEquals": {"aws:ResourceTag/registry:domain": "registry.example.com"}},
        ),
        ("Log", {"logs:CreateLogStream", "logs:PutLogEvents"}, {HOST_LOG}, None),
        (
            "SsmAgent",
            {
                "ec2messages:AcknowledgeMessage",
                "ec2messages:DeleteMessage",
                "ec2messages:FailMessage",
                "ec2messages:GetEndpoint",
                "ec2messages:GetMessages",
                "ec2messages:SendReply",
                "ssm:UpdateInstanceInformation",
                "ssmmessages:CreateControlChannel",
                "ssmmessages:CreateDataChannel",
                "ssmmessages:OpenControlChannel",
                "ssmmessages:OpenDataChannel",
            },
            {"*"},
            None,
        ),
    ]


def test_only_ec2_may_take_the_role(assembly: Assembly) -> None:
    role = assembly.host.properties("AWS::IAM::Role")
    assert role["AssumeRolePolicyDocument"]["Statement"] == [
        {"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}}
    ]
    assert "ManagedPolicyArns" not in role
