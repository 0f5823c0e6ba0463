"""Amazon ECR, with the AWS credentials of this machine."""

import base64
from collections.abc import Iterator
from typing import Any

from migrate.logins import Login


def repositories(ecr: Any, host: str) -> Iterator[str]:
    """Raises botocore's errors."""
    pages = ecr.get_paginator("describe_repositories").paginate(registryId=account_of(host))
    return (str(each["repositoryName"]) for page in pages for each in page["repositories"])


def login(ecr: Any) -> Login:
    """For twelve hours: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html
    Raises botocore's errors."""
    token = ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
    user, _, password = base64.b64decode(token).decode().partition(":")
    return Login(user, password, saved=False)


def account_of(host: str) -> str:
    return host.partition(".")[0]
