"""Many clients of the front door at once. It runs inside the room, with Debian's own Python.

guess THREADS ADDRESS USER   guess the user's password from that address, until the input ends;
                             "?" in USER is a number, a new one each time; prints how often each status came
push                         eight jobs push a hundred small layers each, at the same time and with the same login
"""

import base64
import collections
import hashlib
import http.client
import itertools
import os
import ssl
import sys
import threading

CONTEXT = ssl.create_default_context(cafile="/etc/registry/tls/fullchain.pem")
JOBS, LAYERS = 8, 100


def connect(address: str = "127.0.0.1") -> http.client.HTTPSConnection:
    return http.client.HTTPSConnection("localhost", 443, context=CONTEXT, source_address=(address, 0))


def ask(
    door: http.client.HTTPSConnection, method: str, path: str, login: str, body: bytes = b""
) -> tuple[int, str, bytes]:
    """The answer's status, Location and body."""
    authorization = f"Basic {base64.b64encode(login.encode()).decode()}"
    headers = {"Authorization": authorization, "Content-Type": "application/octet-stream"}
    door.request(method, path, body, headers)
    answer = door.getresponse()
    return answer.status, answer.getheader("Location") or "", answer.read()


def guess(threads: str, address: str, user: str) -> None:
    numbers = itertools.count()
    statuses: collections.Counter[int] = collections.Counter()

    def guess_on() -> None:
        door = connect(address)
        while True:
            number = next(numbers)
            login = f"{user.replace('?', f'user {number}')}:guess {number}"
            statuses[ask(door, "GET", "/v2/", login)[0]] += 1

    for _ in range(int(threads)):
        threading.Thread(target=guess_on, daemon=True).start()
    print("guessing", flush=True)
    sys.stdin.read()
    print(" ".join(f"{status}:{count}" for status, count in sorted(statuses.items())), flush=True)
    # At once: answers that are still to come do not count.
    os._exit(0)


def push() -> None:
    refused: list[str] = []

    def push_as(job: int) -> None:
        door = connect()

        def send(method: str, path: str, body: bytes, wanted: int) -> str:
            status, location, text = ask(door, method, path, "pusher:may push and pull", body)
            if status != wanted:
                refused.append(f"{method} {status} {text[:200]!r}")
            return location.removeprefix("https://localhost")

        for layer in range(LAYERS):
            content = f"job {job} layer {layer}".encode()
            upload = send("POST", f"/v2/job-{job}/blobs/uploads/", b"", 202)
            send("PUT", f"{upload}&digest=sha256:{hashlib.sha256(content).hexdigest()}", content, 201)

    jobs = [threading.Thread(target=push_as, args=(job,)) for job in range(JOBS)]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    if refused:
        sys.exit(f"{len(refused)} requests were refused, the first: {refused[0]}")


if __name__ == "__main__":
    if sys.argv[1] == "guess":
        guess(*sys.argv[2:])
    else:
        push()
