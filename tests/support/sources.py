"""A server of files on this machine, which remembers what it was asked."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

Say = Callable[[BaseHTTPRequestHandler], None]


@dataclass(slots=True)
class Source:
    """A running server.

    Attributes:
        url: Its origin.
        files: Body of each path; or what answers it in another way.
        asked: Method, path and headers of each request, in order.
        bodies: What was posted.
    """

    url: str = ""
    files: dict[str, bytes | Say] = field(default_factory=dict)
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    def put(self, path: str, body: bytes | Say) -> str:
        """Serve a body at a path; its URL."""
        self.files[path] = body
        return self.url + path


@contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[Source]:
    """A server on a free port of the loopback, until the block ends."""
    source = Source()

    class Handler(BaseHTTPRequestHandler):
        """Answers from `source.files`."""

        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            source.asked.append((self.command, self.path, dict(self.headers)))
            found = source.files.get(self.path.partition("?")[0])
            if callable(found):
                found(self)
                return
            say(self, 404 if found is None else 200, found or b"", {})

        def do_POST(self) -> None:
            length = int(self.headers.get("content-length", 0))
            source.bodies.append(self.rfile.read(length))
            self.do_GET()

        def log_message(self, *_given: object) -> None:
            """Nothing: the tests look at `asked`."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    source.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield source
    server.shutdown()
    server.server_close()
    thread.join()


def say(handler: BaseHTTPRequestHandler, status: int, body: bytes, headers: dict[str, str]) -> None:
    """Answer with a body of known length."""
    handler.send_response(status)
    for name, value in ({"content-length": str(len(body))} | headers).items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)
