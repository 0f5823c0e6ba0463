"""All permissions of a host: it may do nothing that is not in this list."""

from tests.support.assembly import HERE, STATE, Assembly, Synthesise

IMAGES = "<registry-storage:ExportsOutputFnGetAttImages2D38C313Arn6C6DDC6E>"
HOST_LOG = "<registry-storage:ExportsOutputFnGetAttHostLogGroup7B408FE5Arn9E481DCB>"
ALLOCATION = "<registry-dns:ExportsOutputFnGetAttAddressAllocationId6F69984F>"
PARAMETERS = f"arn:<AWS::Partition>:ssm:{HERE}:parameter/registry/registry.example.com"
EC2 = f"arn:<AWS::Partition>:ec2:{HERE}"
ON_LAYERS = {
    *("s3:DeleteObject", "s3:GetObject", "s3:PutObject"),
    *("s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"),
}
ON_SAVED = {"s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"}
OF_AGENT = {
    *("ec2messages:AcknowledgeMessage", "ec2messages:DeleteMessage", "ec2messages:FailMessage"),
    *("ec2messages:GetEndpoint", "ec2messages:GetMessages", "ec2messages:SendReply", "ssm:UpdateInstanceInformation"),
    *("ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel"),
    *("ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel"),
}


def test_a_host_has_exactly_these_permissions(assembly: Assembly) -> None:
    scripts = "arn:<AWS::Partition>:s3:::cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}"
    seen = assembly.host.statements("Role")
    # Of the bucket that all of the account's CDK applications share, only what this stack puts there.
    asset = f"{scripts}/registry-host/*.zip"
    created = {f"{PARAMETERS}/{name}" for name in ("http-secret", "users/push/admin", "users/pull/health")}
    take, tagged = {"ec2:AssociateAddress"}, {"aws:ResourceTag/registry:domain": "registry.example.com"}
    usage = "usage/registry.example.com.jsonl.gz"
    assert seen == [
        ("OwnScripts", {"s3:GetObject"}, {asset}, None),
        ("ImageBucket", {"s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"}, {IMAGES}, None),
        ("Images", ON_LAYERS, {f"{IMAGES}/*"}, None),
        ("StateBucket", {"s3:ListBucket"}, {STATE}, None),
        ("StateVersions", {"s3:ListBucketVersions"}, {STATE}, None),
        ("Certificate", ON_SAVED, {f"{STATE}/letsencrypt/registry.example.com.tar.gz"}, None),
        ("Usage", ON_SAVED, {f"{STATE}/{usage}"}, None),
        ("Health", {"s3:GetObject"}, {f"{STATE}/health/registry.example.com.json"}, None),
        ("Users", {"ssm:GetParametersByPath"}, {f"{PARAMETERS}/users", f"{PARAMETERS}/users/*"}, None),
        ("HttpSecret", {"ssm:GetParameter"}, {f"{PARAMETERS}/http-secret"}, None),
        ("CreateOnly", {"ssm:PutParameter"}, created, {"StringNotEquals": {"ssm:Overwrite": "true"}}),
        ("ReportToDeployment", {"cloudformation:SignalResource"}, {"<AWS::StackId>"}, None),
        ("TakeAddress", take, {f"{EC2}:elastic-ip/{ALLOCATION}", f"{EC2}:network-interface/*"}, None),
        ("TakeAddressAsHost", take, {f"{EC2}:instance/*"}, {"StringEquals": tagged}),
        ("Log", {"logs:CreateLogStream", "logs:PutLogEvents"}, {HOST_LOG}, None),
        ("SsmAgent", OF_AGENT, {"*"}, None),
        ("IsAgentConnected", {"ssm:GetConnectionStatus"}, {f"{EC2}:instance/*"}, {"StringEquals": tagged}),
    ]


def test_a_host_uses_an_adopted_bucket_in_its_folder_alone(synthesise: Synthesise) -> None:
    bucket = "arn:<AWS::Partition>:s3:::team-images"
    of_images = synthesise(image_bucket="team-images/registry").host.statements("Role")[1:3]
    assert [(sid, resources) for sid, _, resources, _ in of_images] == [
        ("ImageBucket", {bucket}),
        ("Images", {f"{bucket}/registry/*"}),
    ]


def test_only_ec2_may_take_the_role(assembly: Assembly) -> None:
    role = assembly.host.properties("AWS::IAM::Role")
    assert role["AssumeRolePolicyDocument"]["Statement"] == [
        {"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}}
    ]
