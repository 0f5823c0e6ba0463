"""The parameter that names the host's machine image (AMI), and the image."""

from dataclasses import dataclass

from botocore.exceptions import ClientError

from doctor.account import Account
from doctor.finding import Finding, Outcome
from doctor.refusals import code
from stacks.settings.forms import Architecture

SUBJECT = "machine image"
# From Canonical's words to EC2's.
_EC2_WORDS: dict[Architecture, str] = {"arm64": "arm64", "amd64": "x86_64"}


@dataclass(frozen=True, slots=True)
class Image:
    """``value`` is the parameter's; ``None`` if there is no such parameter. The rest is of the image, if it exists."""

    value: str | None
    architecture: str = ""
    state: str = ""
    name: str = ""


def look(account: Account) -> Image:
    try:
        value = account.client("ssm").get_parameter(Name=account.settings.ami_parameter)["Parameter"]["Value"]
        rows = account.client("ec2").describe_images(ImageIds=[value])["Images"]
    except ClientError as error:
        if code(error) in ("ParameterNotFound", "ParameterVersionNotFound"):
            return Image(None)
        if code(error).startswith("InvalidAMIID"):
            return Image(value)
        raise
    return Image(value, *(rows[0].get(key, "") for key in ("Architecture", "State", "Name"))) if rows else Image(value)


def judge(image: Image, parameter: str, architecture: Architecture) -> Finding:
    wanted = _EC2_WORDS[architecture]
    expected = f"an available image for {wanted}"

    def failure(seen: str) -> Finding:
        cure = "Set host_ami_parameter to a parameter of this region that names such an image, or leave it empty."
        return Finding(SUBJECT, Outcome.FAILURE, seen, expected, cure)

    if image.value is None:
        return failure(f"there is no parameter {parameter}")
    if not image.state:
        return failure(f"{parameter} holds {image.value!r}, which is no image that this account can use")
    if image.state != "available":
        return failure(f"{image.value} is {image.state}")
    if image.architecture != wanted:
        return failure(f"{image.value} is for {image.architecture}")
    return Finding(SUBJECT, Outcome.OK, f"{image.value}, {image.name or 'without a name'}", expected)


def check(account: Account) -> list[Finding]:
    return [judge(look(account), account.settings.ami_parameter, account.settings.architecture)]
