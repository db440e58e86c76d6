"""A report's numbers in each format: files and SQL say what JSON says."""

import csv
import io
import json

import pyarrow as pa
import pytest

from tests.integration.clickhouse_http import Http
from tests.integration.console_process import ConsoleProcess
from tests.integration.reports.world import DAY, HOOKS_DAY, rows_of


def test_files_say_what_json_says_and_run_nothing(console: ConsoleProcess) -> None:
    rows = rows_of(console, f"posts?{DAY}")
    text = console.ask("GET", f"/v1/reports/posts?{DAY}&format=csv", token=7).body.decode()
    read = list(csv.DictReader(io.StringIO(text)))
    assert [(row["post"], row["clicks"]) for row in read] == [
        ("'=1+1" if row["post"] == "=1+1" else row["post"], str(row["clicks"])) for row in rows
    ]
    arrow = console.ask("GET", f"/v1/reports/posts?{DAY}&format=arrow", token=7).body
    assert [row["clicks"] for row in pa.ipc.open_stream(arrow).read_all().to_pylist()] == [
        row["clicks"] for row in rows
    ]


REPORTS = (
    "posts",
    "posts?campaign=spring&previous=true",
    "posts?campaign=spring&not_post=two",
    "campaigns?previous=true",
    "channels",
    "profiles",
    "totals?campaign=spring",
    "breakdown?by=channel,profile&not_channel=linkedin",
    "breakdown?by=link&class=bot",
    "breakdown?by=campaign&class=all&kind=platform",
    "series?unit=hour&by=campaign&zone=Asia/Kolkata",
    "series?unit=minute&class=bot&kind=served",
    "heat-map?zone=Europe/Berlin&campaign=spring",
    "heat-map?class=unknown&kind=platform",
    "heat-map?having=platform&link=go.example/a",
    "breakdown?by=link&kind=platform&having=platform&class=bot",
    "series?unit=hour&having=platform&by=campaign",
    "clicks?by=device,link&having=platform",
    "variants",
    "variants?experiment=hooks",
    "quality",
    "quality?campaign=spring",
    "annotations",
    "annotations?campaign=spring",
    "uniques",
    "uniques?by=channel,link&campaign=spring",
    "uniques?link=go.example/a&having=platform",
)


@pytest.mark.parametrize("report", REPORTS)
def test_the_sql_of_a_report_gives_its_numbers_to_who_may_only_read(
    console: ConsoleProcess, counted: Http, report: str
) -> None:
    day = HOOKS_DAY if report.startswith("variants") else DAY
    path = f"/v1/reports/{report}{'&' if '?' in report else '?'}{day}"
    answer = console.ask("GET", path, token=7)
    assert answer.status == 200, answer.body
    text = console.ask("GET", f"{path}&format=sql", token=7).body.decode()
    assert text.startswith("-- clicktally: windows from 2026-11-2")
    reader = Http(counted.url, counted.database, user="reader")
    by_sql = reader(f"{text} FORMAT JSONEachRow", output_format_json_quote_64bit_integers=0)
    assert by_sql.status == 200, by_sql.body
    rows = [json.loads(line) for line in by_sql.body.splitlines()]
    said = answer.json["rows"]
    for row in (*rows, *said):
        if row.get("finding") == "counted up to":
            row["amount"] = 0  # seconds until now
    assert rows == said
    assert rows
