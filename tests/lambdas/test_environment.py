"""The variables that the operations stack sets for a function."""

import pytest

from lambdas.environment import Environment, HealthEnvironment, IncompleteEnvironmentError
from tests.support.fake_aws import ENVIRONMENT

VARIABLES = {name.upper(): getattr(ENVIRONMENT, name) for name in HealthEnvironment.__dataclass_fields__}


def test_an_environment_is_read_whole() -> None:
    assert HealthEnvironment.read(VARIABLES) == ENVIRONMENT
    assert Environment.read(VARIABLES).renewal_object.key == "renewal/registry.example.com.json"


def test_every_missing_variable_is_named_at_once() -> None:
    with pytest.raises(IncompleteEnvironmentError, match="missing: ADDRESS, TOPIC_ARN"):
        Environment.read({**VARIABLES, "ADDRESS": "", "TOPIC_ARN": ""})
