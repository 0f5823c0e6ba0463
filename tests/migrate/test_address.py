import pytest

from migrate.address import Address, AddressError, parse, problem_of


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("registry.example.com", Address("registry.example.com")),
        ("https://Registry.Example.com/", Address("registry.example.com")),
        ("http://10.0.0.5:5000", Address("10.0.0.5:5000", plain=True)),
        ("docker.io/acme", Address("docker.io", "acme")),
        ("hub.docker.com/acme", Address("docker.io", "acme")),
        ("registry.gitlab.com/group/project", Address("registry.gitlab.com", "group/project")),
        ("localhost:5000", Address("localhost:5000")),
    ],
)
def test_an_address_is_a_registry_with_a_folder_or_without(given: str, expected: Address) -> None:
    assert parse(given) == expected


@pytest.mark.parametrize("given", ["", "acme", "ftp://registry.example.com", "registry.example.com/Team", "a b.com"])
def test_another_form_is_refused_with_what_was_given(given: str) -> None:
    with pytest.raises(AddressError, match=f"^{given!r}: "):
        parse(given)


def test_docker_hub_is_asked_at_its_server() -> None:
    assert parse("docker.io/acme").api == "https://registry-1.docker.io"


@pytest.mark.parametrize(("name", "problem"), [("team/app", ""), ("a" * 256, "256 characters"), ("A", "no name")])
def test_a_name_that_no_registry_takes_has_a_problem(name: str, problem: str) -> None:
    assert problem in problem_of(name)
    assert bool(problem) == bool(problem_of(name))
