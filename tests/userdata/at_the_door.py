"""Runs in a Debian root: real login check, front door and `sync-users`; Parameter Store is a file.

No registry is behind the door, so 503 is what it answers to whom it lets in. Writes what was seen as JSON.
"""

import base64
import http.client
import json
import os
import signal
import ssl
import subprocess
import sys
import time
from pathlib import Path

PARAMETERS = Path("/srv/parameters")
PATH = "/registry/registry.example.com"
AUTH = ["setpriv", "--reuid=registry-auth", "--regid=www-data", "--groups=registry-auth"]
FOLDERS = (
    ("root", "registry-auth", "/etc/registry/users"),
    ("registry-auth", "www-data", "/run/registry-auth"),
)


def prepare() -> None:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["systemd-sysusers", "registry.conf"], check=True)
    for owner, group, folder in FOLDERS:
        subprocess.run(["install", "-d", "-m", "0750", "-o", owner, "-g", group, folder], check=True)
    Path("/etc/registry/host.env").write_text(f"PARAMETER_PATH={PATH}\n")
    stand_in = Path("/opt/registry/tools/aws-api")
    stand_in.write_text(f"#!/bin/sh\ncat > /dev/null\ncat {PARAMETERS}\n")


def sync(**password_of: str) -> None:
    found = [
        {"Name": f"{PATH}/users/push/{name}", "Value": value, "Version": value, "LastModifiedDate": 1}
        for name, value in password_of.items()
    ]
    PARAMETERS.write_text(json.dumps({"Parameters": found}))
    subprocess.run(["/opt/registry/bin/sync-users"], check=True, stdout=subprocess.DEVNULL)


def start(*argv: str, listens_on: str) -> subprocess.Popen[bytes]:
    process = subprocess.Popen([*argv, "-g", "daemon off;"])
    for _ in range(200):
        listening = Path("/proc/net/unix").read_text() + Path("/proc/net/tcp").read_text()
        if listens_on in listening:
            return process
        time.sleep(0.05)
    raise TimeoutError(argv)


def status(password: str, method: str = "GET") -> int:
    unverified = ssl.create_default_context()
    unverified.check_hostname = False
    unverified.verify_mode = ssl.CERT_NONE
    login = base64.b64encode(f"anna:{password}".encode()).decode()
    connection = http.client.HTTPSConnection("127.0.0.1", context=unverified, timeout=20)
    connection.request(method, "/v2/", headers={"Authorization": f"Basic {login}"})
    found = connection.getresponse().status
    connection.close()
    return found


def main() -> None:
    prepare()
    sync(anna="first", ben="other")
    auth = start(*AUTH, "nginx", "-e", "stderr", "-c", "/etc/nginx/auth.conf", listens_on="auth.sock")
    # :443 as /proc has it.
    start("nginx", listens_on=":01BB")
    # A checked login is good until its minute ends.
    if (left := 60 - time.time() % 60) < 15:
        time.sleep(left)
    seen: dict[str, object] = {"let in": [status("first"), status("first", "POST")]}
    os.kill(auth.pid, signal.SIGSTOP)
    workers = Path(f"/proc/{auth.pid}/task/{auth.pid}/children").read_text().split()
    for worker in workers:
        os.kill(int(worker), signal.SIGSTOP)
    seen["cached, nobody checks"] = [status("first"), status("first", "POST")]
    sync(anna="first", ben="other", cora="new")
    seen["another was added, nobody checks"] = [status("first")]
    for worker in [*workers, str(auth.pid)]:
        os.kill(int(worker), signal.SIGCONT)
    sync(anna="second", ben="other", cora="new")
    seen["changed"] = [status("first"), status("first", "POST"), status("second")]
    sync(ben="other", cora="new")
    seen["revoked"] = [status("second"), status("second", "POST")]
    sync(anna="second")
    seen["back"] = [status("second")]
    log = Path("/var/log/nginx/error.log").read_text().splitlines()
    seen["critical"] = [line for line in log if "[crit]" in line]
    sys.stdout.write(json.dumps(seen))


if __name__ == "__main__":
    main()
