"""What the rehearsal knows of the product is in one module, and true of the product's own files."""

import json
import re

import pytest

from rehearsal.contract import product
from tests.contract.conftest import PROJECT, REHEARSAL, USERDATA, source_of
from tests.support.assembly import Synthesise

# Names of the product: a second module with one of them would be a second place to change.
OF_THE_PRODUCT = re.compile(
    r"/opt/registry|/etc/registry|/run/registry|/var/lib/registry|/etc/letsencrypt|/opt/certbot"
    r"|users/(push|pull)|http-secret|registry-(auth|users|bring-up|address|trust|usage|last-usage|page)\.|check_health|renew_certificate"
    r"|cdk\.json|host\.env|[\"'](IMAGE|STATE)_BUCKET"
    r"|DockerLogin|RegistryUrl|ConfirmAlerts|HostLog\b"
)
# The emulated AWS knows no product, and the years-old bucket is the registry's own format.
PLACES = ("cli", "contract", "faults", "inside", "machine", "outside", "room", "story")
HOST_PATHS = [
    value
    for name, value in vars(product).items()
    if name.isupper() and isinstance(value, str) and value.startswith(("/etc", "/opt", "/run", "/var"))
]


@pytest.mark.parametrize("place", PLACES)
def test_no_other_module_of_the_rehearsal_names_what_is_the_products(place: str) -> None:
    found = {
        f"{path.relative_to(REHEARSAL)}: {match[0]}"
        for path in (REHEARSAL / place).rglob("*.py")
        if path.name != "product.py"
        # Text for people may name them.
        for match in OF_THE_PRODUCT.finditer(re.sub(r'""".*?"""|^ *#.*$', "", path.read_text(), flags=re.S | re.M))
    }
    assert found == set()


@pytest.mark.parametrize("path", HOST_PATHS)
def test_host_has_each_path_that_the_rehearsal_knows(path: str) -> None:
    if path.startswith(f"{product.HOME}/"):
        assert (USERDATA / path.removeprefix(f"{product.HOME}/")).exists()
    else:
        name = path.rpartition("/")[2]
        assert re.search(rf"\b{re.escape(name)}\b", source_of(USERDATA))


def test_host_has_each_unit_that_the_rehearsal_knows() -> None:
    for unit in (product.LOGIN_CHECK, product.USERS_TIMER, product.ADDRESS_SERVICE, product.LAST_USAGE):
        assert (USERDATA / "etc/systemd/system" / unit).exists()


def test_nginx_configuration_has_the_line_that_the_rehearsal_changes() -> None:
    configuration = (USERDATA / product.NGINX_CONFIGURATION.lstrip("/")).read_text()
    assert product.NGINX_TO_REGISTRY in configuration
    assert product.REGISTRY_ON_HOST.replace("localhost", "127.0.0.1") in product.NGINX_TO_REGISTRY


def test_host_can_forget_logins_as_the_rehearsal_asks_it_to() -> None:
    library = re.findall(rf"{product.HOME}/(\S+)", product.FORGET_LOGINS[-1])[0]
    assert "\nforget_logins() {" in (USERDATA / library).read_text()


def test_stacks_have_each_output_that_the_rehearsal_reads(synthesise: Synthesise) -> None:
    copied = synthesise(**{product.REPLICA_REGION: "eu-west-1"})
    outputs = {name for template in copied.templates for name in template.body["Outputs"]}
    known = {value for name, value in vars(product).items() if name.startswith("OUTPUT_")}
    assert known <= outputs


def test_settings_that_the_rehearsal_deploys_with_are_the_projects() -> None:
    context = json.loads((PROJECT / "cdk.json").read_text())["context"]
    used = product.settings(domain="", zone="", email="") | product.LARGER_HOST | product.MISSING_IMAGE
    used |= product.another_user_data(1) | product.machine_image("") | {product.REPLICA_REGION: ""}
    assert used.keys() <= context.keys()
    assert product.MISSING_IMAGE["registry_image"].partition(":")[0] == product.registry_image().partition(":")[0]
