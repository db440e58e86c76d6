"""Ask a question many times and note how long it took, what was read, and which memory it needs."""

import itertools
import json
import os
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from bench.query_asked import Question
from bench.stack import BenchError

_LEAST, _MOST = 7, 40
LEAST_FOR_A_GOAL: Final = _MOST
"""Answers that a p95 with a goal comes from: of fewer it would be the slowest, which anything beside decides."""
_BUDGET_S: Final = 2.5
_MEMORY_MIB: Final = (8, 16, 32, 64, 128, 256, 512, 1024)
READERS_LIMIT_MIB: Final = 1907.0
_MEMORY_LIMIT_EXCEEDED: Final = "241"


@dataclass
class Answers:
    """What came of one question."""

    ms: list[float] = field(default_factory=list)
    rows: int = 0
    mib: float = 0.0

    @property
    def p50_ms(self) -> float:
        """The median."""
        return statistics.median(self.ms)

    @property
    def p95_ms(self) -> float:
        """Of few answers the slowest."""
        return sorted(self.ms)[min(len(self.ms) - 1, round(len(self.ms) * 0.95))]


class Reader:
    """A BI tool's user: `reader`, over HTTP."""

    def __init__(self, url: str, database: str, campaigns: Sequence[str], links: Sequence[str]) -> None:
        self._url, self._database = url, database
        self._names_each = max(len(campaigns), len(links))
        self._names: Iterator[tuple[str, str]] = zip(
            itertools.cycle(campaigns), itertools.cycle(links), strict=False
        )

    def ask(self, question: Question, **settings: int) -> tuple[float, int, float]:
        """Milliseconds until the last byte, rows and MiB read. Raises HTTPError."""
        campaign, link = next(self._names)
        sql = question.sql.replace("{campaign}", campaign).replace("{link}", link)
        parameters = {"database": self._database, "user": "reader", "use_query_condition_cache": 0, **settings}
        request = Request(f"{self._url}/?{urlencode(parameters)}", data=sql.encode())  # noqa: S310 - loopback
        began = time.perf_counter()
        with urlopen(request, timeout=120) as answer:  # noqa: S310 - the same
            answer.read()
        took_ms = (time.perf_counter() - began) * 1000
        summary = json.loads(answer.headers["X-ClickHouse-Summary"])
        return took_ms, int(summary["read_rows"]), int(summary["read_bytes"]) / 2**20

    def many(self, question: Question, *, least: int = _LEAST, budget_s: float = _BUDGET_S) -> Answers:
        """At least so many answers, at most forty, for about so many seconds; those that warm it up do not count.

        One of each campaign or link warms it up where it names some. Raises BenchError where it is refused.
        """
        answers = Answers()
        try:
            for _ in range(self._names_each if "{" in question.sql else 1):
                self.ask(question)
            deadline = time.monotonic() + budget_s
            while len(answers.ms) < least or (len(answers.ms) < _MOST and time.monotonic() < deadline):
                took_ms, answers.rows, answers.mib = self.ask(question)
                answers.ms.append(took_ms)
        except HTTPError as error:
            raise BenchError(f"{question.name}: {error.read().decode()[:1000]}") from error
        return answers

    def memory_mib(self, question: Question) -> float:
        """The least of a row of limits, each twice the one before, that the query needs; else the reader's."""
        for limit in _MEMORY_MIB:
            try:
                self.ask(question, max_memory_usage=limit * 2**20)
            except HTTPError as error:
                if error.headers["X-ClickHouse-Exception-Code"] != _MEMORY_LIMIT_EXCEEDED:
                    raise BenchError(f"{question.name}: {error.read().decode()[:1000]}") from error
            else:
                return float(limit)
        self.ask(question)
        return READERS_LIMIT_MIB


def forget_pages() -> bool:
    """Empty the host's page cache; False where that is not allowed, and cold is only as cold as ClickHouse is."""
    os.sync()
    with suppress(OSError):
        Path("/proc/sys/vm/drop_caches").write_text("3")
        return True
    return False
