"""Start, kill and restart the embedded parts as real processes, for tests and benches."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from deploy.local.ports import free_port
from deploy.local.probe import clickhouse_answers, kafka_answers

REPOSITORY = Path(__file__).resolve().parents[2]
READY_WITHIN_S = 180.0  # of a machine that is busy with other things; seconds where it is idle
STOPPED_WITHIN_S = 30.0
_POLL_S = 0.02
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)
# The kernel sends the death signal when the *thread* that forked ends, so one that lives as long as we do forks.
_FORKS = ThreadPoolExecutor(1, "forks")


class NotReadyError(Exception):
    """A part did not come up; the message has the end of its log."""


def _die_with_parent() -> None:
    """Ask the kernel for a SIGKILL when the parent is gone; it outlives exec."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def spawn(command: list[str], *, env: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
    """Start a process in a group of its own that dies when this one does; its words go to the end of ``log``.

    It may use the cores that the caller may use.
    """
    cores = os.sched_getaffinity(0)

    def fork() -> subprocess.Popen[bytes]:
        os.sched_setaffinity(0, cores)  # of this thread, which the process has them from
        with log.open("ab") as words:
            return subprocess.Popen(
                command,
                cwd=REPOSITORY,
                env={**os.environ, **env},
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=words,
                start_new_session=True,
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - one prctl, the library is loaded before the fork
            )

    return _FORKS.submit(fork).result()


class Part(ABC):
    """One embedded part on its own directory and ports; both stay the same over restarts."""

    module: str

    def __init__(self, data_dir: Path, env: Mapping[str, str] | None = None) -> None:
        self.data_dir = data_dir
        self.log = data_dir / f"{type(self).__name__.lower()}.log"
        self._env = {"CLICKTALLY_LOCAL_DATA_DIR": str(data_dir), **(env or {})}
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def ready(self) -> bool:
        """Whether the part answers its clients."""

    @property
    def pid(self) -> int:
        """The running process.

        Raises:
            ProcessLookupError: none runs.
        """
        if self._process is None:
            raise ProcessLookupError(f"{self.module} is not running; start() it first")
        return self._process.pid

    def start(self, *, within_s: float = READY_WITHIN_S) -> None:
        """Start and wait until it answers.

        Raises:
            NotReadyError: it ended, or did not answer in time.
        """
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self._process = spawn([sys.executable, "-m", self.module], env=self._env, log=self.log)
        deadline = time.monotonic() + within_s
        while not self.ready():
            ended = self._process.poll()
            if ended is not None or time.monotonic() > deadline:
                self.kill()
                why = f"is not ready after {within_s} s" if ended is None else f"ended with {ended}"
                raise NotReadyError(f"{self.module} {why}; the end of {self.log}:\n{self.last_words()}")
            time.sleep(_POLL_S)

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal and don't wait: SIGSTOP and SIGCONT, for instance."""
        os.kill(self.pid, number)

    def kill(self, sig: signal.Signals = signal.SIGKILL) -> None:
        """End the process by a signal and wait until it is gone; nothing happens when none runs."""
        if self._process is None:
            return
        self._process.send_signal(sig)
        try:
            self._process.wait(STOPPED_WITHIN_S)
        finally:
            if self._process.poll() is None:
                self._process.kill()
                self._process.wait()
            self._process = None

    def stop(self) -> None:
        """End it as an operator would, by SIGTERM.

        Raises:
            subprocess.TimeoutExpired: it did not end in time and was killed.
        """
        self.kill(signal.SIGTERM)

    def restart(self, sig: signal.Signals = signal.SIGKILL) -> None:
        """End it by ``sig``, if it runs, and start it on the same data and ports."""
        self.kill(sig)
        self.start()

    def last_words(self, size_bytes: int = 4000) -> str:
        """The end of its log."""
        return self.log.read_bytes()[-size_bytes:].decode(errors="replace") if self.log.exists() else ""


class Kafka(Part):
    """The embedded broker; clients connect to ``bootstrap``."""

    module = "deploy.local.kafka"

    def __init__(self, data_dir: Path, *, port: int | None = None, env: Mapping[str, str] | None = None) -> None:
        self.port = port or free_port()
        self.bootstrap = f"127.0.0.1:{self.port}"
        ports = {
            "CLICKTALLY_LOCAL_KAFKA_PORT": str(self.port),
            "CLICKTALLY_LOCAL_KAFKA_CONTROLLER_PORT": str(free_port(other_than=self.port)),
        }
        super().__init__(data_dir, {**ports, **(env or {})})

    def ready(self) -> bool:
        """Whether the broker names itself as a member of its cluster."""
        return kafka_answers("127.0.0.1", self.port)


class ClickHouse(Part):
    """The embedded ClickHouse; clients connect to ``url``, or ``host`` and ``port``."""

    module = "deploy.local.clickhouse"

    def __init__(self, data_dir: Path, *, port: int | None = None, env: Mapping[str, str] | None = None) -> None:
        self.host = "127.0.0.1"
        self.port = port or free_port()
        self.url = f"http://{self.host}:{self.port}"
        super().__init__(data_dir, {"CLICKTALLY_LOCAL_CLICKHOUSE_PORT": str(self.port), **(env or {})})

    def ready(self) -> bool:
        """Whether it answers a ping."""
        return clickhouse_answers(self.host, self.port)
