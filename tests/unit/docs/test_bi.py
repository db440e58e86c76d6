"""docs/bi.md names the versions that are pinned, and its notebook, project and variables are there."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.local.settings import LocalSettings

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs/bi.md").read_text()
DBT = ROOT / "deploy/dbt"
TOOLS = (
    "Grafana",
    "Superset",
    "Metabase",
    "Power BI",
    "Tableau",
    "Looker Studio",
    "Excel",
    "A notebook",
    "dbt",
)


def test_every_tool_has_its_section() -> None:
    assert re.findall(r"^## (.*)$", PAGE, re.MULTILINE)[1:] == [*TOOLS]


def test_versions_are_those_that_are_pinned() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    _, _, plugin = compose["grafana"]["environment"]["GF_PLUGINS_PREINSTALL_SYNC"].partition("@")
    assert f"({plugin} is what compose pins)" in PAGE
    driver = re.search(
        r"clickhouse-jdbc.*?<version>(.*?)</version>", (ROOT / "tests/clients/java/pom.xml").read_text(), re.DOTALL
    )
    assert driver is not None
    assert f"the newer driver {driver[1]}" in PAGE
    lock = (DBT / "requirements.lock").read_text()
    core = re.search(r"^dbt-core==(\d+\.\d+)", lock, re.MULTILINE)
    adapter = re.search(r"^dbt-clickhouse==(\S+)", lock, re.MULTILINE)
    assert core is not None
    assert adapter is not None
    assert f"dbt-core {core[1]} and dbt-clickhouse {adapter[1]}" in PAGE


def test_the_readers_limits_are_told_as_they_are() -> None:
    fields = LocalSettings.model_fields
    limits = ("execution_s", "memory_bytes", "result_rows", "result_bytes")
    assert [fields[f"clickhouse_reader_max_{name}"].default for name in limits] == [60, 2 * 10**9, 10**6, 10**9]
    assert "at most a minute, 2 GB, a million rows and 1 GB of answer a query" in PAGE


def models() -> dict[str, Any]:
    described = [
        model
        for path in sorted(DBT.glob("models/**/*.yml"))
        for model in yaml.safe_load(path.read_text()).get("models", [])
    ]
    return {model["name"]: model for model in described}


def test_every_model_of_the_dbt_project_is_described_and_tested() -> None:
    all_models = models()
    assert set(all_models) == {path.stem for path in DBT.glob("models/**/*.sql")}
    for name, model in all_models.items():
        assert model["description"], name
        tests = [*model.get("data_tests", [])]
        assert tests or any(column.get("data_tests") for column in model["columns"]), name
        assert [column["name"] for column in model["columns"] if not column["description"]] == []


@pytest.mark.parametrize("report", ["campaign", "post", "channel", "profile"])
def test_the_page_and_the_project_have_every_report(report: str) -> None:
    assert f"`{report}_performance`" in PAGE
    assert f"`{report}s`" in PAGE
    assert f"'{report}_performance'" in (DBT / f"models/marts/{report}s.sql").read_text()


def test_the_projects_variables_are_told() -> None:
    variables = set(re.findall(r"env_var\('(\w+)'", (DBT / "profiles.yml").read_text()))
    assert variables == {f"CLICKHOUSE_{name}" for name in ("HOST", "PORT", "USER", "PASSWORD", "DATABASE")}
    assert "# CLICKHOUSE_HOST, _PORT, _USER, _PASSWORD, _DATABASE" in PAGE
