"""Marked clicks: each on a link of its own, from its answer to the moment when `ctr_1m` has it."""

import socket
import threading
import time
from typing import Final

from bench.pipeline import Pipeline
from bench.stack import BenchError, query
from bench.traffic import DOMAIN

_EVERY_S: Final = 0.15
_LOOK_EVERY_S: Final = 0.05
_WITHIN_S: Final = 120.0


class Probes:
    """Clicks on links nobody else clicks. Reads of `ctr_1m` are those a dashboard would do, 20 a second at most."""

    def __init__(self, running: Pipeline, keys: list[str]) -> None:
        self._running = running
        self._keys = keys
        self._answered_at: dict[str, float] = {}
        self._stop = threading.Event()
        self._clicking = threading.Thread(target=self._click, daemon=True)

    def measure(self, seconds: float) -> list[float]:
        """Click for so long; seconds from answer to visibility of every click. Raises BenchError: one never was."""
        seen: dict[str, float] = {}
        self._clicking.start()
        ends_at = time.monotonic() + seconds
        while True:
            now = time.monotonic()
            if now >= ends_at:
                self._stop.set()
            waiting = [key for key in list(self._answered_at) if key not in seen]
            if not waiting and self._stop.is_set() and not self._clicking.is_alive():
                return [seen[key] - at for key, at in self._answered_at.items()]
            if now > ends_at + _WITHIN_S:
                raise BenchError(f"{len(waiting)} of {len(self._answered_at)} clicks were not visible in time")
            for key in self._visible(waiting):
                seen[key] = time.monotonic()
            time.sleep(_LOOK_EVERY_S)

    def _visible(self, keys: list[str]) -> list[str]:
        if not keys:
            return []
        names = ", ".join(f"'{key}'" for key in keys)
        visible = query(
            self._running.server,
            f"SELECT link FROM {self._running.database}.ctr_1m WHERE link IN ({names}) GROUP BY link",
        )
        return visible.split()

    def _click(self) -> None:
        with socket.create_connection(("127.0.0.1", self._running.port), timeout=30) as client:
            for key in self._keys:
                if self._stop.is_set():
                    return
                slug = key.removeprefix(f"{DOMAIN}/")
                client.sendall(
                    f"GET /{slug} HTTP/1.1\r\nHost: {DOMAIN}\r\nUser-Agent: Mozilla/5.0 probe\r\n\r\n".encode()
                )
                answer = client.recv(65536)
                if not answer.startswith(b"HTTP/1.1 302"):
                    raise BenchError(f"a probe's click was answered by {answer[:100]!r}")
                self._answered_at[key] = time.monotonic()
                self._stop.wait(_EVERY_S)
