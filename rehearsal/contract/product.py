"""Everything that the rehearsal knows of the product: its folder, settings, outputs, parameters and its host.

No other module of the rehearsal names a path, a unit or a port of the product (tests/contract/test_product.py).
"""

import json
from pathlib import Path

# The project's folder.
PROJECT = Path(__file__).resolve().parents[2]
USERDATA = PROJECT / "userdata"
INSTALL = "install"
PINNED_PACKAGES = "*requirements*.txt"

# The command that looks at an account before and after a deployment; its lines begin with one of these words, and the
# month's price is in the line of the total.
DOCTOR = ("-m", "doctor")
DOCTOR_TOTAL = " together"
DOCTOR_OK, DOCTOR_WARNING, DOCTOR_FAILURE = "ok", "warn", "FAIL"
# The command that brings images back as they were.
RESTORE = ("-m", "restore")

# The command that prints who pushed and pulled a tag.
USAGE = ("-m", "usage")

# Job -> the part of its function's handler by which the schedule is found.
JOBS = {"renew": "renew_certificate", "health": "check_health"}

# Settings of a deployment (cdk.json), by name and value.
REPLICA_REGION = "replica_region"
LARGER_HOST = {"instance_type": "t4g.medium"}
# By the machine's architecture, as Python names it.
HOST_LIKE_THIS_MACHINE = {"x86_64": {"instance_type": "t3.small"}, "aarch64": {"instance_type": "t4g.small"}}
# The tag of an image that does not exist: a host that is to run it can never serve.
MISSING_TAG = "3.1.2-does-not-exist"
MISSING_IMAGE = {"registry_image": f"public.ecr.aws/docker/library/registry:{MISSING_TAG}"}
# Outputs of the stacks.
OUTPUT_URL = "RegistryUrl"
OUTPUT_LOGIN = "DockerLogin"
OUTPUT_IMAGE_BUCKET, OUTPUT_STATE_BUCKET = "ImageBucket", "StateBucket"
OUTPUT_IMAGE_COPY, OUTPUT_STATE_COPY = "ImageCopy", "StateCopy"
OUTPUT_HOST_LOG = "HostLog"
OUTPUT_CONFIRM_ALERTS = "ConfirmAlerts"

# Names of the host's settings in host.env.
IMAGE_BUCKET, STATE_BUCKET, ACME_EMAIL, HOST_LOG_GROUP = "IMAGE_BUCKET", "STATE_BUCKET", "ACME_EMAIL", "HOST_LOG_GROUP"

# Parameter Store, below parameter_path().
FIRST_USER = "admin"
FIRST_USER_KEY = f"users/push/{FIRST_USER}"
HEALTH_USER_KEY = "users/pull/health"
HTTP_SECRET_KEY = "http-secret"  # noqa: S105  a name, not the value

# The host's scripts.
HOME = "/opt/registry"
BOOTSTRAP = f"{HOME}/bootstrap"
DIAGNOSE = f"{HOME}/bin/diagnose"
PROVE = f"{HOME}/steps/prove"
CHOOSE_FEATURES = "steps/choose-features"
SYNC_USERS = f"{HOME}/bin/sync-users"
USE_UPGRADES = f"{HOME}/steps/use-upgrades"
SAVE_CERTIFICATE = f"{HOME}/steps/save-certificate"
RENEW_CERTIFICATE = f"{HOME}/bin/renew-certificate"
AWS_API = f"{HOME}/tools/aws-api"
FORGET_LOGINS = ("bash", "-c", f". {HOME}/lib/logins.bash && forget_logins")

# The host's files.
HOST_ENV = "/etc/registry/host.env"
HTTP_SECRET_FILE = "/etc/registry/registry.env"  # noqa: S105  a path
PROOF_LOGIN = "/etc/registry/proof/curl"
USERS = "/etc/registry/users"
PUSH_USERS, PULL_USERS = f"{USERS}/push", f"{USERS}/pull"
# What the last sync has read, by the parameters' versions.
KNOWN_USERS = "/var/lib/registry/users.tsv"
# Touched whenever the users have been read from Parameter Store.
USERS_SYNCED = "/var/lib/registry/users-synced"
# As old as a reboot is due.
REBOOT_DUE_SINCE = "/run/registry/reboot-due-since"
# There while the host serves, since it has power.
PROVEN = "/run/registry/proven"
SERVED_CERTIFICATE = "/etc/registry/tls"
PLACEHOLDER_CERTIFICATE = "/etc/registry/placeholder"
ACME_FOLDER = "/etc/letsencrypt"
CERTIFICATE = f"{ACME_FOLDER}/live/registry"
CERTBOT = "/opt/certbot/bin/certbot"
CERTBOT_PACKAGES = "/opt/certbot/lib"
ACCESS_LOG = "/var/log/nginx/access.log"
# Pulls of tags, pushes and deletions, a line of JSON each.
USAGE_LOG = "/var/log/nginx/usage.log"
NGINX_CONFIGURATION = "/etc/nginx/nginx.conf"
REGISTRY_CONFIGURATION = "/etc/registry/registry.yml"
# Pages that may use the registry in a browser, as lines of an nginx map.
BROWSER_ORIGINS = "/etc/registry/browser-origins"
# Where nginx's own requests find S3.
RESOLVER = "/etc/registry/resolver"
# The page for people: its files, and what the host and the health check write for it.
PAGE, PAGE_FACTS = f"{HOME}/page", "/var/lib/registry-page"
# The host's units, and its container.
NGINX = "nginx.service"
LOGIN_CHECK = "registry-auth.service"
CACHES_IN_MEMORY = "run-nginx.mount"
USERS_TIMER = "registry-users.timer"
# It runs while the host does; when it stops, the usage of tags is written.
LAST_USAGE = "registry-last-usage.service"
ADDRESS_SERVICE = "registry-address.service"
# It lets upgrades take effect, and reboots.
MAINTENANCE = "registry-maintenance.service"
CONTAINER = "registry"

# Ports on the host. Anything else that listens is a finding.
REGISTRY_ON_HOST = "localhost:5000"
NGINX_TO_REGISTRY = "server 127.0.0.1:5000"
LISTENERS = {
    "tcp 0.0.0.0:80 nginx": "the certificate authority's challenge, and the redirect to HTTPS",
    "tcp 0.0.0.0:443 nginx": "the front door",
    "tcp 127.0.0.1:5080 nginx": "the front door's manifests, for itself",
    "tcp 127.0.0.1:5081 nginx": "the front door's requests that wait for a registry that restarts",
    "tcp 127.0.0.1:5000 registry": "the registry, for nginx and for docker on the server",
}


def registry_image() -> str:
    """The image that the hosts run, as cdk.json pins it."""
    return _default("registry_image")


def instance_type() -> str:
    return _default("instance_type")


def _default(setting: str) -> str:
    return str(json.loads((PROJECT / "cdk.json").read_text())["context"][setting])


def settings(*, domain: str, zone: str, email: str) -> dict[str, str]:
    return {"domain_name": domain, "hosted_zone": zone, "alert_email": email}


def another_user_data(number: int) -> dict[str, str]:
    """A setting with which the hosts get other user data, and nothing else changes."""
    return user_data(f"certificates-{number}@example.com")


def user_data(acme_email: str) -> dict[str, str]:
    return {"acme_email": acme_email}


def machine_image(parameter: str) -> dict[str, str]:
    """The setting with which the hosts boot from the AMI that a parameter names."""
    return {"host_ami_parameter": parameter}


def parameter_path(domain: str) -> str:
    return f"/registry/{domain}"


def user_parameter(domain: str, name: str, *, access: str) -> str:
    """The parameter whose value is a user's password; ``access`` is push or pull."""
    return f"{parameter_path(domain)}/users/{access}/{name}"


def saved_certificate(domain: str) -> str:
    """Its key in the state bucket."""
    return f"letsencrypt/{domain}.tar.gz"
