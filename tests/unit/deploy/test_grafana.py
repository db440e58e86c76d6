"""The dashboards: the committed files are what the code makes, what they name exists, compose brings them along."""

import re
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml

from deploy.grafana.__main__ import DASHBOARDS, DIRECTORY, written
from deploy.grafana.builder import CLICKHOUSE, PROMETHEUS, WIDTH, Dashboard, Panel, Promql, Row, Sql
from deploy.grafana.operations import OPERATIONS
from deploy.local.settings import LocalSettings

ROOT = Path(__file__).resolve().parents[3]
GRAFANA = ROOT / "deploy/grafana"
EXPRESSIONS = sorted(
    {target.expression for panel in OPERATIONS.panels for target in panel.targets if isinstance(target, Promql)}
)

dashboards = pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda dashboard: dashboard.uid)


@dashboards
def test_the_committed_json_is_what_the_code_makes(dashboard: Dashboard) -> None:
    committed = (DIRECTORY / f"{dashboard.uid}.json").read_text()
    assert committed == written(dashboard), "python -m deploy.grafana writes it anew"


def test_nothing_else_is_committed() -> None:
    assert {path.stem for path in DIRECTORY.iterdir()} == {dashboard.uid for dashboard in DASHBOARDS}


@dashboards
def test_no_panel_lies_on_another_and_each_has_a_number_of_its_own(dashboard: Dashboard) -> None:
    taken: set[tuple[int, int]] = set()
    panels = dashboard.json()["panels"]
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= WIDTH
        taken |= cells
    assert len({panel["id"] for panel in panels}) == len(panels)


@dashboards
def test_no_two_panels_have_one_title_and_looks_are_of_columns_that_are_there(dashboard: Dashboard) -> None:
    titles = [panel.title for panel in dashboard.panels]
    assert len(set(titles)) == len(titles)
    for panel in dashboard.panels:
        columns = {column for target in panel.targets if isinstance(target, Sql) for column in target.columns}
        if panel.kind == "timeseries":
            assert all(isinstance(target, Promql) or target.columns[0] == "time" for target in panel.targets)
        assert columns or not panel.looks


def test_clicks_are_blue_and_impressions_grey_wherever_they_are() -> None:
    for panel in (panel for dashboard in DASHBOARDS for panel in dashboard.panels):
        for target in panel.targets:
            for name, color in (("Clicks", "blue"), ("Impressions", "#8e8e8e")):
                if isinstance(target, Sql) and name in target.columns:
                    assert panel.looks[name].color == color, panel.title


def test_every_metric_is_described() -> None:
    page = (ROOT / "docs/metrics.md").read_text()
    described = dict(re.findall(r"^\| `(clicktally_\w+)` \| (\w+) \|", page, re.MULTILINE))
    for expression in EXPRESSIONS:
        for name in re.findall(r"clicktally_\w+", expression):
            histogram = name.removesuffix("_bucket")
            assert described.get(name) or described.get(histogram) == "histogram", name


def test_a_counter_is_shown_as_a_rate_and_nothing_else_is() -> None:
    for expression in EXPRESSIONS:
        for before, name in re.findall(r"(rate\()?(clicktally_\w+)", expression):
            assert bool(before) == name.endswith(("_total", "_bucket")), expression


def test_prometheus_can_read_every_expression(tmp_path: Path) -> None:
    """`make setup` installs promtool; without it this fails. Grafana puts times in place of its own variables."""
    rules = [
        {"record": f"panel:{at}", "expr": expression.replace("$__rate_interval", "1m")}
        for at, expression in enumerate(EXPRESSIONS)
    ]
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    checked = subprocess.run(
        ["promtool", "check", "rules", str(tmp_path / "rules.yml")], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert f"{len(EXPRESSIONS)} rules found" in checked.stdout


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    return loaded


def read(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((GRAFANA / "provisioning" / name / "clicktally.yml").read_text())
    return loaded


def test_the_data_sources_are_those_of_the_panels_and_of_compose(services: dict[str, Any]) -> None:
    sources = {source["uid"]: source for source in read("datasources")["datasources"]}
    assert {uid: source["type"] for uid, source in sources.items()} == {
        source["uid"]: source["type"] for source in (CLICKHOUSE, PROMETHEUS)
    }
    clickhouse = sources[CLICKHOUSE["uid"]]
    assert clickhouse["jsonData"]["host"] in services
    assert clickhouse["jsonData"]["defaultDatabase"] == services["clickhouse"]["environment"]["CLICKHOUSE_DB"]
    limit = LocalSettings.model_fields["clickhouse_reader_max_execution_s"].default
    assert int(clickhouse["jsonData"]["queryTimeout"]) + 5 <= limit, "clickhouse-go asks for five seconds more"
    variable = clickhouse["secureJsonData"]["password"].removeprefix("$")
    assert services["grafana"]["environment"][variable] == services["clickhouse"]["environment"][variable]
    host, port = sources[PROMETHEUS["uid"]]["url"].removeprefix("http://").split(":")
    assert services[host]["ports"] == [f"127.0.0.1:{port}:{port}"]
    prometheus = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())
    scraped = prometheus["global"]["scrape_interval"]
    assert sources[PROMETHEUS["uid"]]["jsonData"]["timeInterval"] == scraped


def test_the_plug_in_is_pinned_and_the_files_are_where_grafana_looks(services: dict[str, Any]) -> None:
    grafana = services["grafana"]
    plugin, _, version = grafana["environment"]["GF_PLUGINS_PREINSTALL_SYNC"].partition("@")
    assert plugin == CLICKHOUSE["type"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", version)
    mounted = dict(volume.removesuffix(":ro").split(":") for volume in grafana["volumes"])
    (provider,) = read("dashboards")["providers"]
    assert mounted["./deploy/grafana/dashboards"] == provider["options"]["path"]
    assert mounted["./deploy/grafana/provisioning"] == "/etc/grafana/provisioning"


def test_the_reader_of_compose_has_the_limits_of_the_embedded_one(services: dict[str, Any]) -> None:
    source, target = "./deploy/docker/clickhouse/users.xml", "/etc/clickhouse-server/users.d/clicktally.xml"
    assert f"{source}:{target}:ro" in services["clickhouse"]["volumes"]
    root = ET.parse(ROOT / source).getroot()  # noqa: S314 - our own file
    embedded = LocalSettings.model_fields
    for name in ("execution_time", "memory_usage", "result_rows", "result_bytes"):
        field = {"execution_time": "execution_s", "memory_usage": "memory_bytes"}.get(name, name)
        most = str(embedded[f"clickhouse_reader_max_{field}"].default)
        assert root.findtext(f"profiles/reader/max_{name}") == most
        assert root.findtext(f"profiles/reader/constraints/max_{name}/max") == most
    assert root.findtext("profiles/reader/readonly") == "2"
    password = root.find("users/reader/password")
    assert password is not None
    assert password.get("from_env") in services["clickhouse"]["environment"]
    assert root.findtext("users/reader/profile") == "reader"


def test_panels_flow_from_left_to_right_and_into_a_new_line_where_they_have_no_place() -> None:
    panels = tuple(Panel(str(at), "stat", (Promql("up", ""),), width=10, height=at + 1) for at in range(3))
    placed = Dashboard("u", "t", "", (Row("r", panels), Row("s", panels[:1]))).json()["panels"]
    assert [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in placed] == [
        (0, 0),
        (0, 1),
        (10, 1),
        (0, 3),
        (0, 6),
        (0, 7),
    ]
