"""In the place of the registry: it dies of each request when it has read it, and prints the request's first line. It
answers whether it is there."""

import http.server
import sys


class Dying(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __getattr__(self, name: str) -> object:
        if name.startswith("do_"):
            return self.die
        raise AttributeError(name)

    def die(self) -> None:
        if (self.command, self.path) == ("HEAD", "/"):
            self.send_response(200)
            self.end_headers()
            return
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        sys.stdout.write(f"{self.requestline}\n")
        sys.stdout.flush()
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """No other lines."""


http.server.ThreadingHTTPServer(("127.0.0.1", 5000), Dying).serve_forever()
