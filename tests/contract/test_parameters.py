"""The names under Parameter Store and in the state bucket, as each side writes them."""

import inspect
import re
from collections.abc import Mapping

import pytest

from lambdas.check_health import HEALTH_USER
from lambdas.environment import Environment
from rehearsal.contract import product
from tests.contract.conftest import DOMAIN, function, script, statements
from tests.support.assembly import Assembly
from usage import registries
from userdata.usage.book import key_of

PATH = product.parameter_path(DOMAIN)


def test_stack_tells_the_host_the_parameter_path_that_the_rehearsal_reads(host_env: Mapping[str, str]) -> None:
    assert host_env["PARAMETER_PATH"] == PATH


def test_host_may_create_only_the_parameters_that_its_scripts_create(assembly: Assembly) -> None:
    (create,) = [each for each in statements(assembly.host) if each.get("Sid") == "CreateOnly"]
    allowed = {name.partition(f":parameter{PATH}/")[2] for name in re.findall(r":parameter[^'\"]+", str(create))}
    (users,) = re.findall(r"create_first_users\(\) \{(.*?)\n\}", script("bin/sync-users"), re.DOTALL)
    created = {f"users/{name}" for name in re.findall(r"missing\+=\(([a-z/]+)\)", users)}
    assert f"$PARAMETER_PATH/{product.HTTP_SECRET_KEY}" in script("steps/run-registry")
    assert allowed == created | {product.HTTP_SECRET_KEY}
    assert created == {product.FIRST_USER_KEY, product.HEALTH_USER_KEY}


def test_health_check_logs_in_as_the_user_that_the_host_creates_for_it(assembly: Assembly) -> None:
    variables = function(assembly, "check_health")["Environment"]["Variables"]
    assert variables["HEALTH_PARAMETER"] == f"{PATH}/{product.HEALTH_USER_KEY}"
    assert product.HEALTH_USER_KEY.rpartition("/")[2] == HEALTH_USER


def test_login_of_the_output_is_the_first_users(assembly: Assembly) -> None:
    login = assembly.host.output(product.OUTPUT_LOGIN)
    assert f"{PATH}/{product.FIRST_USER_KEY}" in login
    assert f"--username {product.FIRST_USER} " in login


@pytest.mark.parametrize("step", ["save-certificate", "restore-certificate"])
def test_host_saves_and_restores_the_certificate_where_its_role_may(step: str, resources: str) -> None:
    (key,) = re.findall(r"saved_key\(\) \{ printf '(\S+)' \"\$DOMAIN_NAME\"; \}", script("lib/certificate.bash"))
    assert "$(saved_key)" in script(f"steps/{step}")
    assert f"/{key.replace('%s', DOMAIN)}'" in resources


def test_functions_remember_under_the_keys_that_their_roles_may_write(assembly: Assembly) -> None:
    environment = Environment(DOMAIN, "", "", "", "state", "", "")
    keys = {environment.health_object.key, environment.renewal_object.key}
    written = [str(each["Resource"]) for each in statements(assembly.operations) if "s3:PutObject" in each["Action"]]
    assert keys == {key for key in keys if any(f"/{key}'" in resource for resource in written)}
    assert keys == {f"health/{DOMAIN}.json", f"renewal/{DOMAIN}.json"}


def test_hosts_keep_the_usage_where_their_role_may_and_the_command_looks(resources: str) -> None:
    assert f"/{key_of(DOMAIN)}'" in resources
    assert 'key_of(os.environ["DOMAIN_NAME"])' in script("usage/__main__.py")
    assert "Key=key_of(domain)" in inspect.getsource(registries.fetch)


def test_hosts_read_what_the_health_check_remembers(resources: str) -> None:
    (key,) = re.findall(r'"(health/\S+)"', script("steps/describe-registry"))
    assert key.replace("$DOMAIN_NAME", DOMAIN) == Environment(DOMAIN, "", "", "", "state", "", "").health_object.key
    assert f"/health/{DOMAIN}.json'" in resources


def test_the_rehearsal_knows_where_hosts_save_the_certificate() -> None:
    key = product.saved_certificate("$DOMAIN_NAME").replace("$DOMAIN_NAME", "%s")
    assert f"printf '{key}' \"$DOMAIN_NAME\"" in script("lib/certificate.bash")
