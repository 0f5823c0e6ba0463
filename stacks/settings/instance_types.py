"""Instance types a host may have, and the architecture each brings.

https://docs.aws.amazon.com/ec2/latest/instancetypes/ : the current general, compute, memory ones.
"""

import difflib
from typing import Literal

from stacks.settings.form_error import FormError

# As Canonical's AMI parameters spell them.
Architecture = Literal["arm64", "amd64"]

_FAMILIES: dict[str, Architecture] = {
    "t3": "amd64",
    "t3a": "amd64",
    "t4g": "arm64",
    "m6g": "arm64",
    "m6gd": "arm64",
    "m6i": "amd64",
    "m6id": "amd64",
    "m6in": "amd64",
    "m6a": "amd64",
    "m7g": "arm64",
    "m7gd": "arm64",
    "m7i": "amd64",
    "m7i-flex": "amd64",
    "m7a": "amd64",
    "m8g": "arm64",
    "m8gd": "arm64",
    "m8i": "amd64",
    "m8i-flex": "amd64",
    "m8a": "amd64",
    "c6g": "arm64",
    "c6gd": "arm64",
    "c6gn": "arm64",
    "c6i": "amd64",
    "c6id": "amd64",
    "c6in": "amd64",
    "c6a": "amd64",
    "c7g": "arm64",
    "c7gd": "arm64",
    "c7gn": "arm64",
    "c7i": "amd64",
    "c7i-flex": "amd64",
    "c7a": "amd64",
    "c8g": "arm64",
    "c8gd": "arm64",
    "c8gn": "arm64",
    "c8i": "amd64",
    "c8i-flex": "amd64",
    "c8a": "amd64",
    "r6g": "arm64",
    "r6gd": "arm64",
    "r6i": "amd64",
    "r6id": "amd64",
    "r6in": "amd64",
    "r6a": "amd64",
    "r7g": "arm64",
    "r7gd": "arm64",
    "r7i": "amd64",
    "r7a": "amd64",
    "r8g": "arm64",
    "r8gd": "arm64",
    "r8i": "amd64",
    "r8i-flex": "amd64",
    "r8a": "amd64",
}
_BURSTABLE_SIZES = ("nano", "micro", "small", "medium", "large", "xlarge", "2xlarge")
_SIZES = ("large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge")
_WITH_MEDIUM = ("7a", "8a")


def instance_type(text: str) -> str:
    """``text``, if it is a type a host may have.

    Raises:
        FormError: with the nearest family, or the sizes of the family.
    """
    family, _, size = text.partition(".")
    if family not in _FAMILIES:
        near = difflib.get_close_matches(family, _FAMILIES, n=3, cutoff=0.5) or ("t4g", "t3", "m8g")
        raise FormError(f"is of no known family ({', '.join(near)}, …)", "e.g. t4g.small or t3.small")
    sizes = _sizes(family)
    if size not in sizes:
        raise FormError(f"has no size of {family}", f"{family}. and one of {', '.join(sizes)}")
    return text


def architecture(instance_type: str) -> Architecture:
    return _FAMILIES[instance_type.partition(".")[0]]


def _sizes(family: str) -> tuple[str, ...]:
    if family.startswith("t"):
        return _BURSTABLE_SIZES
    if _FAMILIES[family] == "arm64" or family.endswith(_WITH_MEDIUM):
        return ("medium", *_SIZES)
    return _SIZES
