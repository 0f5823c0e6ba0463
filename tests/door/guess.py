"""Run inside the room, with a number of threads, the address they come from, and the user: they guess his password.

"?" is a user that does not exist, a new one each time. When the input ends, how often each status was the answer is
printed.
"""

import base64
import collections
import http.client
import itertools
import os
import ssl
import sys
import threading

CONTEXT = ssl.create_default_context(cafile="/etc/registry/tls/fullchain.pem")
numbers = itertools.count()
statuses: collections.Counter[int] = collections.Counter()


def guess() -> None:
    door = http.client.HTTPSConnection("localhost", 443, context=CONTEXT, source_address=(sys.argv[2], 0))
    while True:
        number = next(numbers)
        user = sys.argv[3].replace("?", f"user {number}")
        login = base64.b64encode(f"{user}:guess {number}".encode()).decode()
        door.request("GET", "/v2/", headers={"Authorization": f"Basic {login}"})
        answer = door.getresponse()
        answer.read()
        statuses[answer.status] += 1


for _ in range(int(sys.argv[1])):
    threading.Thread(target=guess).start()
sys.stdout.write("guessing\n")
sys.stdout.flush()
sys.stdin.read()
sys.stdout.write(" ".join(f"{status}:{count}" for status, count in sorted(statuses.items())))
sys.stdout.flush()
# Answers that are still to come are nobody's.
os._exit(0)
