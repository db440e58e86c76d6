"""The commands of operators as their terminals run them, in the process of the test."""

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from console.__main__ import main as clicktally
from stream.recount.command import main as reclassify

NOBODY = "127.0.0.1:1"
"""Where nobody listens."""


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    status: int
    stdout: str
    stderr: str


def run_clicktally(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Ended:
    """`clicktally …`; settings are the environment's."""
    monkeypatch.setattr(sys, "argv", ["clicktally", *arguments])
    return _ended(clicktally, capsys)


def run_reclassify(capsys: pytest.CaptureFixture[str], *arguments: str) -> Ended:
    """`python -m stream reclassify …`, which `clicktally reclassify` starts."""
    return _ended(lambda: reclassify(arguments), capsys)


def _ended(run: Callable[[], None], capsys: pytest.CaptureFixture[str]) -> Ended:
    status = 0
    with _level_kept(logging.getLogger("aiokafka")):
        try:
            run()
        except SystemExit as ended:
            status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    said = capsys.readouterr()
    return Ended(status, said.out, said.err)


@contextmanager
def _level_kept(logger: logging.Logger) -> Iterator[None]:
    level = logger.level
    try:
        yield
    finally:
        logger.setLevel(level)
