"""Run inside the room: eight jobs push a hundred small layers each, at the same time and with the same login."""

import base64
import hashlib
import http.client
import ssl
import sys
import threading

JOBS, LAYERS = 8, 100
LOGIN = {"Authorization": "Basic " + base64.b64encode(b"pusher:may push and pull").decode()}
CONTEXT = ssl.create_default_context(cafile="/etc/registry/tls/fullchain.pem")
refused: list[str] = []


def push(job: int) -> None:
    door = http.client.HTTPSConnection("localhost", 443, context=CONTEXT)

    def ask(method: str, path: str, body: bytes, wanted: int) -> str:
        door.request(method, path, body, {**LOGIN, "Content-Type": "application/octet-stream"})
        answer = door.getresponse()
        said = answer.read()
        if answer.status != wanted:
            refused.append(f"{method} {answer.status} {said[:200]!r}")
        return (answer.getheader("Location") or "").removeprefix("https://localhost")

    for layer in range(LAYERS):
        content = f"job {job} layer {layer}".encode()
        place = ask("POST", f"/v2/job-{job}/blobs/uploads/", b"", 202)
        digest = hashlib.sha256(content).hexdigest()
        ask("PUT", f"{place}&digest=sha256:{digest}", content, 201)


jobs = [threading.Thread(target=push, args=(job,)) for job in range(JOBS)]
for job in jobs:
    job.start()
for job in jobs:
    job.join()
if refused:
    sys.exit(f"{len(refused)} requests were refused, the first: {refused[0]}")
