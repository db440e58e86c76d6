"""A `console serve` child process, and a client of its API."""

import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPException
from pathlib import Path
from typing import Any, Final, Self

from deploy.local.ports import free_port
from deploy.local.processes import Kafka, spawn
from tests.looking import pause_s
from tests.tokens import bearer_of

READY_WITHIN_S: Final = 120.0
_ANSWER_S: Final = 60.0


@dataclass(frozen=True)
class Answer:
    """What a console said."""

    status: int
    headers: Message
    body: bytes

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)

    @property
    def lines(self) -> list[Any]:
        """The body's lines, decoded."""
        return [json.loads(line) for line in self.body.splitlines()]


class NoAnswerError(Exception):
    """The console broke off, or is not there."""


class ConsoleProcess:
    """A running console; its port stays the same over restarts."""

    def __init__(self, directory: Path, kafka: Kafka, group: str, **settings: object) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.metrics_port = free_port()
        self.log = directory / "api.log"
        self._env = {
            "CLICKTALLY_API_BOOTSTRAP_SERVERS": kafka.bootstrap,
            "CLICKTALLY_API_GROUP": group,
            "CLICKTALLY_API_PORT": str(self.port),
            "CLICKTALLY_API_METRICS_PORT": str(self.metrics_port),
            "CLICKTALLY_API_DIRECTORY": str(directory / "index"),
            "CLICKTALLY_API_REQUESTS_PER_SECOND": "100000",
            "CLICKTALLY_API_REQUESTS_BURST": "100000",
            **{f"CLICKTALLY_API_{name.upper()}": str(value) for name, value in settings.items()},
        }
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        self.wait_until_ready()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Begin, without waiting."""
        self._process = spawn([sys.executable, "-m", "console", "serve"], env=self._env, log=self.log)

    def kill(self) -> None:
        """By SIGKILL, whatever it does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def pause(self) -> None:
        """By SIGSTOP; what is asked meanwhile waits."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """By SIGCONT."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """By SIGTERM."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(60)
            finally:
                self.kill()

    def wait_until_ready(self) -> None:
        """Until /readyz agrees."""
        began = time.monotonic()
        while time.monotonic() - began < READY_WITHIN_S:
            if self._is_ready():
                return
            assert self._process is not None
            assert self._process.poll() is None, self.log.read_text()
            time.sleep(pause_s(began))
        raise AssertionError(f"not ready:\n{self.log.read_text()}")

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.URLError):
            return False

    def metric(self, name: str) -> float:
        """The sum of a metric's samples."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=5) as answer:
            lines = answer.read().decode().splitlines()
        return sum(
            float(line.rpartition(" ")[2]) for line in lines if line.partition("{")[0].partition(" ")[0] == name
        )

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        token: int | None = 1,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """The answer to one request; a body that is no bytes goes as JSON. Raises NoAnswerError."""
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        sent = {"Content-Type": "application/json", **(headers or {})}
        if token is not None:
            sent.setdefault("Authorization", f"Bearer {bearer_of(token)}")
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", data=content, method=method, headers=sent
        )
        try:
            with urllib.request.urlopen(request, timeout=_ANSWER_S) as answer:  # noqa: S310 - our own URL
                return Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.read())
        except (OSError, HTTPException, urllib.error.URLError) as error:
            raise NoAnswerError(repr(error)) from error
