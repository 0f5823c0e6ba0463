"""The functions run on the Lambda runtime's own boto3, if it is new enough."""

import pytest

from lambdas.aws.clients import OutdatedRuntimeError, refuse_older


@pytest.mark.parametrize("version", ["1.35.69", "1.36.0", "1.100.1", "2.0.0"])
def test_a_version_that_knows_conditional_writes_is_taken(version: str) -> None:
    refuse_older(version)


@pytest.mark.parametrize("version", ["1.35.68", "1.34.145", "1.9.42"])
def test_an_older_version_is_refused_by_name_with_the_oldest_that_works(version: str) -> None:
    with pytest.raises(OutdatedRuntimeError, match=rf"brings botocore {version}; expected 1\.35\.69 or newer"):
        refuse_older(version)
