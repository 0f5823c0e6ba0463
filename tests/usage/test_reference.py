"""Which registry, repository and tag a name means."""

import pytest

from usage.reference import Reference, UnknownReferenceError, parse

ONE, TWO = ("registry.example.com",), ("registry.example.com", "other.example.net")


@pytest.mark.parametrize(
    ("given", "domains", "meant"),
    [
        ("app", ONE, Reference(ONE[0], "app")),
        ("team/app:1.0", ONE, Reference(ONE[0], "team/app", "1.0")),
        ("registry.example.com/team/app:1.0", ONE, Reference(ONE[0], "team/app", "1.0")),
        ("other.example.net/app", TWO, Reference(TWO[1], "app")),
        # A repository may have a dot in its first part.
        ("my.team/app", ONE, Reference(ONE[0], "my.team/app")),
    ],
)
def test_a_name_is_a_repository_with_or_without_registry_and_tag(
    given: str, domains: tuple[str, ...], meant: Reference
) -> None:
    assert parse(given, domains) == meant


def test_of_several_registries_one_must_be_named() -> None:
    with pytest.raises(UnknownReferenceError, match=r"'app': .* one of other.example.net, registry.example.com"):
        parse("app", TWO)


def test_an_account_without_a_registry_is_said() -> None:
    with pytest.raises(UnknownReferenceError, match="no registry in this account and region"):
        parse("app", ())
