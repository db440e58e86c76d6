"""What our dashboards are made of, and the JSON that Grafana reads for it.

Only what we use of Grafana's model is here; it fills in the rest, and brings an older ``schemaVersion`` up to date
when it loads a file.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

CLICKHOUSE = {"type": "grafana-clickhouse-datasource", "uid": "clicktally-clickhouse"}
PROMETHEUS = {"type": "prometheus", "uid": "clicktally-prometheus"}
SCHEMA_VERSION = 39
WIDTH = 24

BLUE = "blue"
GREY = "#8e8e8e"

Json = dict[str, Any]


@dataclass(frozen=True)
class Sql:
    """A query of ClickHouse; ``columns`` are those that it gives, in order."""

    query: str
    columns: tuple[str, ...]

    def target(self, ref: str, kind: str) -> Json:
        series = kind == "timeseries"
        return {
            "datasource": CLICKHOUSE,
            "refId": ref,
            "editorType": "sql",
            "queryType": "timeseries" if series else "table",
            "format": 0 if series else 1,
            "rawSql": self.query,
        }


@dataclass(frozen=True)
class Promql:
    """An expression for Prometheus; the legend may name labels in double braces."""

    expression: str
    legend: str

    def target(self, ref: str, kind: str) -> Json:
        return {
            "datasource": PROMETHEUS,
            "refId": ref,
            "expr": self.expression,
            "legendFormat": self.legend,
            "range": kind == "timeseries",
            "instant": kind != "timeseries",
        }


@dataclass(frozen=True)
class Look:
    """How a column is shown; unset parts are Grafana's own choice."""

    unit: str | None = None
    color: str | None = None
    decimals: int | None = None
    width: int | None = None
    axis: Literal["left", "right"] | None = None

    def properties(self) -> list[Json]:
        overrides: list[Json] = []
        if self.unit is not None:
            overrides.append({"id": "unit", "value": self.unit})
        if self.color is not None:
            overrides.append({"id": "color", "value": {"mode": "fixed", "fixedColor": self.color}})
        if self.decimals is not None:
            overrides.append({"id": "decimals", "value": self.decimals})
        if self.width is not None:
            overrides.append({"id": "custom.width", "value": self.width})
        if self.axis is not None:
            overrides.append({"id": "custom.axisPlacement", "value": self.axis})
        return overrides


@dataclass(frozen=True)
class Panel:
    """A panel of one data source; ``looks`` by the name of the column or series."""

    title: str
    kind: Literal["stat", "timeseries", "table"]
    targets: tuple[Sql | Promql, ...]
    description: str = ""
    width: int = 12
    height: int = 8
    unit: str = "short"
    looks: dict[str, Look] = field(default_factory=dict)
    # The shortest interval that makes sense, such as 1h; and a time of its own, such as 3h.
    interval: str | None = None
    last: str | None = None

    def json(self, number: int, x: int, y: int) -> Json:
        source = CLICKHOUSE if isinstance(self.targets[0], Sql) else PROMETHEUS
        made: Json = {
            "id": number,
            "type": self.kind,
            "title": self.title,
            "description": self.description,
            "datasource": source,
            "gridPos": {"h": self.height, "w": self.width, "x": x, "y": y},
            "fieldConfig": {
                "defaults": {"unit": self.unit, "custom": _CUSTOM[self.kind]},
                "overrides": [
                    {"matcher": {"id": "byName", "options": name}, "properties": look.properties()}
                    for name, look in self.looks.items()
                ],
            },
            "options": _OPTIONS[self.kind],
            "targets": [target.target(chr(ord("A") + at), self.kind) for at, target in enumerate(self.targets)],
        }
        if self.interval is not None:
            made["interval"] = self.interval
        if self.last is not None:
            made["timeFrom"] = self.last
        return made


_CUSTOM: dict[str, Json] = {
    "stat": {},
    "timeseries": {
        "drawStyle": "line",
        "fillOpacity": 10,
        "lineWidth": 1,
        "showPoints": "never",
        "spanNulls": False,
    },
    "table": {"align": "auto", "filterable": True},
}
_OPTIONS: dict[str, Json] = {
    "stat": {
        "colorMode": "value",
        "graphMode": "none",
        "reduceOptions": {"calcs": ["lastNotNull"], "values": False},
    },
    "timeseries": {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    "table": {"showHeader": True, "cellHeight": "sm"},
}


@dataclass(frozen=True)
class Choice:
    """A template variable: what ``query`` gives, several or all of it."""

    name: str
    label: str
    query: str

    def json(self) -> Json:
        return {
            "type": "query",
            "name": self.name,
            "label": self.label,
            "datasource": CLICKHOUSE,
            "query": self.query,
            "definition": self.query,
            "multi": True,
            "includeAll": True,
            "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
            "refresh": 2,
            "sort": 1,
        }


@dataclass(frozen=True)
class Row:
    """A heading with what stands below it."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True)
class Dashboard:
    uid: str
    title: str
    description: str
    rows: tuple[Row, ...]
    choices: tuple[Choice, ...] = ()
    since: str = "now-30d"
    refresh: str = "1m"

    @property
    def panels(self) -> tuple[Panel, ...]:
        return tuple(panel for row in self.rows for panel in row.panels)

    def json(self) -> Json:
        return {
            "uid": self.uid,
            "title": self.title,
            "description": self.description,
            "tags": ["clicktally"],
            "schemaVersion": SCHEMA_VERSION,
            "editable": True,
            "graphTooltip": 1,
            "timezone": "utc",
            "time": {"from": self.since, "to": "now"},
            "refresh": self.refresh,
            "templating": {"list": [choice.json() for choice in self.choices]},
            "annotations": {"list": []},
            "panels": _placed(self.rows),
        }


def _placed(rows: tuple[Row, ...]) -> list[Json]:
    """From left to right, a new line where a panel has no place, numbered from 1."""
    made: list[Json] = []
    y = 0
    for row in rows:
        made.append(
            {
                "id": len(made) + 1,
                "type": "row",
                "title": row.title,
                "collapsed": False,
                "gridPos": {"h": 1, "w": WIDTH, "x": 0, "y": y},
                "panels": [],
            }
        )
        y += 1
        x = line = 0
        for panel in row.panels:
            if x + panel.width > WIDTH:
                x, y, line = 0, y + line, 0
            made.append(panel.json(len(made) + 1, x, y))
            x, line = x + panel.width, max(line, panel.height)
        y += line
    return made
