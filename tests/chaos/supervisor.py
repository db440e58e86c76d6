"""Processes that are started again when they die, as a real supervisor would, unless they are held down."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from deploy.local.processes import spawn

RESTART_AFTER_S: Final = 0.5
STOPPED_WITHIN_S: Final = 30.0
_LOOK_EVERY_S: Final = 0.1


class Unit:
    """One process of the stack: its command and environment stay the same over restarts."""

    def __init__(self, name: str, kind: str, command: list[str], env: dict[str, str], log: Path) -> None:
        self.name: Final = name
        self.kind: Final = kind
        self.env: Final = env
        self.log: Final = log
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None
        self._died_at: float | None = None
        self._lock = threading.RLock()
        self.wanted = False
        self.starts = 0

    @property
    def pid(self) -> int | None:
        """The running process, None when there is none."""
        with self._lock:
            return self._process.pid if self._process is not None and self._process.poll() is None else None

    def start(self) -> None:
        """Want it to run, and start it if it does not."""
        with self._lock:
            self.wanted = True
            if self.pid is None:
                self._process = spawn(self._command, env=self.env, log=self.log)
                self._died_at = None
                self.starts += 1

    def revive(self) -> None:
        """Start it if it should run and has been dead for a while."""
        with self._lock:
            if not self.wanted or self.pid is not None:
                return
            now = time.monotonic()
            if self._died_at is None:
                self._died_at = now
            elif now - self._died_at >= RESTART_AFTER_S:
                self.start()

    def send(self, number: signal.Signals) -> None:
        """Send a signal, if it runs."""
        with self._lock:
            pid = self.pid
            if pid is not None:
                os.kill(pid, number)

    def hold(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it and keep it down until `start`; one that does not obey in time is killed."""
        with self._lock:
            self.wanted = False
            process = self._process
            self.send(number)
            self.send(signal.SIGCONT)
        if process is None:
            return
        try:
            process.wait(STOPPED_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def restart(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it and start it again at once."""
        self.hold(number)
        self.start()


class Supervisor:
    """Looks after its units in a thread of its own."""

    def __init__(self) -> None:
        self.units: dict[str, Unit] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)

    def add(self, unit: Unit) -> Unit:
        """Look after one more."""
        self.units = {**self.units, unit.name: unit}
        return unit

    def of_kind(self, kind: str) -> list[Unit]:
        """The units of a kind that should run, in order of their names."""
        return [unit for _, unit in sorted(self.units.items()) if unit.kind == kind and unit.wanted]

    def run(self) -> None:
        """Begin to restart what dies."""
        self._thread.start()

    def stop(self, first: Iterable[str]) -> None:
        """End everything, the kinds of `first` in this order by SIGTERM, and the rest by SIGKILL."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        for kind in first:
            for unit in self.of_kind(kind):
                unit.hold()
        for unit in self.units.values():
            unit.hold(signal.SIGKILL)

    def _watch(self) -> None:
        while not self._stopping.wait(_LOOK_EVERY_S):
            for unit in list(self.units.values()):
                unit.revive()
