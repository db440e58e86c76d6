"""The contestants of bench-redirect, started alike: one process on core 0, a port, a file it records into."""

import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.load import get_links
from bench.machine import LOAD_CORE, SERVER_CORE, on_core, require
from bench.places import write_places
from bench.stack import BenchError, fill_link_cache, relay, serve
from bench.traffic import link_key
from deploy.local.ports import free_port
from deploy.local.processes import REPOSITORY, spawn

BARE: Final = "bare aiohttp, records nothing"
NGINX: Final = "nginx with its log"
SERVE: Final = "serve"
PROXIED: Final = "serve, behind a proxy"
CDN: Final = "serve, behind a CDN"
ORDINARY: Final = "serve, ordinary lane only"
KAFKA_DOWN: Final = "serve, Kafka down"
CONTESTANTS: Final = (BARE, NGINX, SERVE, PROXIED, CDN, ORDINARY, KAFKA_DOWN)
_SETTINGS: Final = {
    ORDINARY: {"FAST_LANE": "false"},
    PROXIED: {"TRUSTED_PROXIES": "127.0.0.0/8"},
    CDN: {"TRUSTED_PROXIES": "127.0.0.0/8", "COUNTRY_HEADER": "CF-IPCountry"},
}


@dataclass(frozen=True)
class Redirector:
    """A running contestant. `recorded` counts the lines that it wrote; None where it writes none."""

    port: int
    pid: int
    stop: Callable[[], None]
    recorded: Callable[[], int] | None


@contextmanager
def running(contestant: str, place: Path, *, links: int) -> Iterator[Redirector]:
    """Start a contestant on a directory of its own."""
    port = free_port()
    place.mkdir(parents=True)
    with ExitStack() as stack:
        if contestant == BARE:
            command = [sys.executable, "-m", "bench.peers.bare_aiohttp", str(port)]
            process = stack.enter_context(_process(command, place / "aiohttp.log"))
            redirector = Redirector(port, process.pid, lambda: _end(process), None)
        elif contestant == NGINX:
            redirector = stack.enter_context(_nginx(place, port))
        else:
            redirector = _serve(stack, contestant, place, port, links)
        _until_answered(redirector.port)
        yield redirector


def count_lines(paths: list[Path]) -> int:
    """Newlines in the files: whole lines, that is."""
    total = 0
    for path in paths:
        with path.open("rb") as file:
            while part := file.read(1 << 22):
                total += part.count(b"\n")
    return total


def _serve(stack: ExitStack, contestant: str, place: Path, port: int, links: int) -> Redirector:
    fill_link_cache(place / "links", get_links(links))
    judged = {"PLACES_FILE": str(write_places(place / "places.mmdb")), "CLOUD_NETWORKS": "true"}
    service = stack.enter_context(serve(place, port=port, settings=_SETTINGS.get(contestant, {}) | judged))
    if contestant == KAFKA_DOWN:
        stack.enter_context(relay(f"127.0.0.1:{free_port()}", place, core=LOAD_CORE))
    return Redirector(
        port, service.pid, service.stop, lambda: count_lines(sorted((place / "spool").glob("*/*.ndjson")))
    )


@contextmanager
def _nginx(place: Path, port: int) -> Iterator[Redirector]:
    text = (REPOSITORY / "bench" / "peers" / "nginx.conf").read_text()
    (place / "nginx.conf").write_text(text.replace("{place}", str(place)).replace("{port}", str(port)))
    command = [require("nginx"), "-p", str(place), "-c", str(place / "nginx.conf")]
    with _process(command, place / "nginx.log") as process:
        _until_answered(port)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        yield Redirector(port, int(children[0]), lambda: _end(process), lambda: count_lines([place / "access.log"]))


@contextmanager
def _process(command: list[str], log: Path) -> "Iterator[subprocess.Popen[bytes]]":
    process = spawn(on_core(SERVER_CORE, command), env={}, log=log)
    try:
        yield process
    finally:
        _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.terminate()
    process.wait(30)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """Don't follow."""


def _until_answered(port: int, within_s: float = 30.0) -> None:
    opener = urllib.request.build_opener(_NoRedirect)
    request = urllib.request.Request(f"http://127.0.0.1:{port}/{link_key(0).partition('/')[2]}")
    request.add_header("Host", "go.example")
    deadline = time.monotonic() + within_s
    while True:
        try:
            opener.open(request, timeout=5)
        except urllib.error.HTTPError as answer:
            if answer.code == 302:
                return
        except OSError:
            pass
        if time.monotonic() > deadline:
            raise BenchError(f"the redirector on port {port} gave no redirect within {within_s} s")
        time.sleep(0.05)
