"""The clients of other languages, pinned, at their default settings (`make test-clients`)."""

import json
import os
import re
import subprocess
import urllib.parse
from pathlib import Path
from typing import Any

import pytest

from tests.clients import places
from tests.integration.clickhouse_http import Http

pytestmark = pytest.mark.clients

MILLION = 499_999_500_000


def output_of(command: list[str], **env: str) -> str:
    """What a program says, which must end well."""
    done = subprocess.run(
        command,
        env={**os.environ, "PATH": places.PATH, **env},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def netloc(http: Http) -> str:
    return urllib.parse.urlsplit(http.url).netloc


def test_jdbc_reads_writes_and_lists(counted: Http) -> None:
    url = f"jdbc:clickhouse://{netloc(counted)}/{counted.database}"
    lines = output_of(
        ["java", "-cp", f"{places.jdbc()}/*", str(places.HERE / "java" / "Main.java"), url]
    ).splitlines()
    assert json.loads(lines[0]) == {
        "totals": ["1000", "499500", "it's 999", "low", "500", "2023-11-14 22:13:20"],
        "tables": ["by_jdbc"],
        "columns": ["n", "s", "at", "x", "l"],
        "streamed": ["10", "45"],
        "error": 47,
    }
    assert int(lines[1]) == MILLION


def test_clickhouse_go_over_http_reads_writes_and_lists(counted: Http) -> None:
    report: dict[str, Any] = json.loads(output_of([str(places.go() / "client"), netloc(counted), counted.database]))
    assert report["half"] == [500, 124_750, "it's 99"]
    assert report["second"] == [1, "it's 1", "2023-11-14T22:13:20Z", 0.5, "low", ["a", "b"], {"k": 1}]
    assert {"by_go", "links", "ctr_1h"} <= set(report["tables"])
    assert (report["streamed"], report["nothing"], report["sql"]) == (MILLION, True, 1)
    assert "code: 47" in report["error"]
    assert report["reader"] == ["1", "refused"], "it asks for five seconds more, and the reader may have 60"


def test_the_javascript_client_reads_writes_and_streams(counted: Http) -> None:
    main = str(places.js() / "main.js")
    assert json.loads(output_of(["node", main, counted.url, counted.database])) == {
        "ping": True,
        "half": [{"count": 500, "sum": 124750, "last": "it's 99"}],
        "streamed": MILLION,
        "csv": '"n","s"\n0,"it\'s 0"\n',
        "error": "47",
    }


def test_the_semantic_layer_is_built_by_dbt_and_again(counted: Http, tmp_path: Path) -> None:
    where = urllib.parse.urlsplit(counted.url)
    command = [
        str(places.dbt() / "bin" / "python"), "-m", "dbt.cli.main", "build", "--project-dir", str(places.DBT),
        "--profiles-dir", str(places.DBT), "--target-path", str(tmp_path / "target"),
        "--log-path", str(tmp_path / "logs"),
    ]  # fmt: skip
    names = {"CLICKHOUSE_HOST": str(where.hostname), "CLICKHOUSE_PORT": str(where.port), "DO_NOT_TRACK": "1"}
    for _ in range(2):
        done = output_of(command, CLICKHOUSE_DATABASE=counted.database, **names)
        assert re.search(r"PASS=(\d+) WARN=0 ERROR=0 SKIP=0", done), done
    built = Http(counted.url, f"{counted.database}_dbt", "reader")
    assert built.rows("SELECT campaign, sum(clicks), sum(impressions) FROM daily GROUP BY campaign ORDER BY 1") == [
        ["autumn", "5", "50"],
        ["spring", "30", "600"],
    ]
    for report in ("campaigns", "posts", "channels", "profiles"):
        assert built.rows(f"SELECT sum(clicks), sum(impressions) FROM {report}") == [["35", "650"]]
    manifest = json.loads((tmp_path / "target" / "manifest.json").read_text())
    ours = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    assert [node["name"] for node in ours if not node["description"]] == []
    assert {metric["name"] for metric in manifest["metrics"].values()} == {
        "clicks",
        "gross_clicks",
        "impressions",
        "ctr",
    }
    assert len(manifest["exposures"]) == 2
    Http(counted.url, "default")(f"DROP DATABASE {built.database}")
