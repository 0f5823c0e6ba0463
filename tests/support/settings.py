"""Settings read as from cdk.json, with the two required ones given."""

import pytest

from stacks.settings.settings import Settings, SettingsError

NEEDED = {"domain_name": "registry.example.com", "alert_email": "you@example.com"}


def settings(**changed: object) -> Settings:
    return Settings.from_context({**NEEDED, **changed})


def errors(**changed: object) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        settings(**changed)
    return caught.value.errors


def only_error(**changed: object) -> str:
    (error,) = errors(**changed)
    return error
