"""A web server that is not ours: its pages are of another origin than the redirector."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Pages(http.server.ThreadingHTTPServer):
    """Answers every GET with the page that it was given last."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Page)
        self.content = b""
        self.headers: dict[str, str] = {}

    @property
    def origin(self) -> str:
        """http://localhost and a port of its own."""
        return f"http://localhost:{self.server_address[1]}"

    def show(self, content: str, **headers: str) -> None:
        """From now on this page, with these headers; an underscore stands for a hyphen."""
        self.content = content.encode()
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class _Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        pages = self.server
        assert isinstance(pages, Pages)
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(pages.content)))
        for name, value in pages.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(pages.content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


@contextmanager
def serving() -> Iterator[Pages]:
    """The server, while it runs."""
    pages = Pages()
    thread = threading.Thread(target=pages.serve_forever)
    thread.start()
    try:
        yield pages
    finally:
        pages.shutdown()
        thread.join()
        pages.server_close()
