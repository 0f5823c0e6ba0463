"""Runs in a room in place of the login check: notes that it was asked, and answers once it is told a status."""

import http.server
import os
import socketserver
import time
from pathlib import Path

SOCKET = "/run/registry-auth/auth.sock"
ASKED, TOLD = Path("/srv/asked"), Path("/srv/told")


class Check(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        ASKED.touch()
        while not TOLD.exists():
            time.sleep(0.02)
        self.send_response(int(TOLD.read_text()))
        self.end_headers()

    # A unix socket's client has no address.
    def address_string(self) -> str:
        return ""


if __name__ == "__main__":
    # nginx runs as another user.
    os.umask(0)
    with socketserver.ThreadingUnixStreamServer(SOCKET, Check) as server:
        server.serve_forever()
