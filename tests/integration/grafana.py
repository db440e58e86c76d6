"""A panel's query as Grafana and its ClickHouse plug-in send it.

The browser replaces ``$__conditionalAll`` (1=1 where all is chosen), then ``${name:singlequote}``,
``${__from:…}`` and ``${__to:…}``; the plug-in's server part replaces the macros of time. ``pkg/macros`` and
``src/data/CHDatasource.ts`` of version 4 of the plug-in say how.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class Shown:
    """What a dashboard shows: a time, an interval in seconds, and the values chosen by variable; none: all."""

    since: datetime
    until: datetime
    interval_s: int = 3600
    chosen: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def sent(self, query: str) -> str:
        """The query that reaches ClickHouse.

        Raises:
            ValueError: a macro or a variable is left over.
        """
        query = re.sub(r"\$__conditionalAll\(((?:[^()]|\([^()]*\))*), \$(\w+)\)", self._condition, query)
        query = re.sub(r"\$\{(\w+):singlequote\}", lambda match: quoted(self.chosen[match[1]]), query)
        since, until = int(self.since.timestamp()), int(self.until.timestamp())
        query = query.replace("${__from:date:seconds}", str(since)).replace("${__to:date:seconds}", str(until))
        query = re.sub(
            r"\$__timeFilter\(([\w.]+)\)", rf"\1 >= toDateTime({since}) AND \1 <= toDateTime({until})", query
        )
        query = re.sub(
            r"\$__timeInterval\(([\w.]+)\)",
            rf"toStartOfInterval(toDateTime(\1), INTERVAL {self.interval_s} second)",
            query,
        )
        if "$" in query:
            raise ValueError(f"Grafana would not replace all of this: {query}")
        return query

    def _condition(self, match: re.Match[str]) -> str:
        return match[1] if self.chosen.get(match[2]) else "1=1"


def quoted(values: Sequence[str]) -> str:
    """As the format singlequote does it."""
    return ",".join("'" + value.replace("'", r"\'") + "'" for value in values)
