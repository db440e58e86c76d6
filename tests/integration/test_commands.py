"""What ClickHouse refuses, commands say in one line, with what to do."""

import subprocess
import sys
import uuid

import msgspec
import pytest

from deploy.local.processes import ClickHouse
from tests.commands import NOBODY, Ended, run_clicktally, run_reclassify

COMMANDS = ("migrate", "roll-up", "forget --link go.example/a", "impressions unmatched")


@pytest.fixture
def settings(clickhouse: ClickHouse, monkeypatch: pytest.MonkeyPatch) -> ClickHouse:
    """Of a user whom ClickHouse does not know, and of a Kafka that is away."""
    stranger = clickhouse.url.replace("http://", "http://stranger:sesame@")
    for service in ("CONSOLE", "STREAM"):
        monkeypatch.setenv(f"CLICKTALLY_{service}_CLICKHOUSE_URL", f"{stranger}/clicktally")
        monkeypatch.setenv(f"CLICKTALLY_{service}_BOOTSTRAP_SERVERS", NOBODY)
    monkeypatch.setenv("CLICKTALLY_CONSOLE_DEADLINE_S", "1")
    return clickhouse


def run(command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Ended:
    name, *arguments = command.split()
    if name == "reclassify":
        return run_reclassify(capsys, *arguments)
    return run_clicktally(capsys, monkeypatch, name, *arguments)


@pytest.mark.parametrize("command", [*COMMANDS, "reclassify --since 1d"])
def test_a_stranger_is_told_where_user_and_password_stand(
    settings: ClickHouse, command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = run(command, capsys, monkeypatch)
    assert (ended.status, ended.stderr.count("\n")) == (1, 1), ended
    assert f"{settings.host}:{settings.port}" in ended.stderr
    assert "put user and password right in CLICKTALLY_" in ended.stderr
    assert "sesame" not in ended.stderr


@pytest.mark.parametrize("command", [*COMMANDS[1:], "reclassify --since 1d"])
def test_a_database_that_is_not_migrated_is_told_what_makes_it(
    settings: ClickHouse, command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for service in ("CONSOLE", "STREAM"):
        monkeypatch.setenv(f"CLICKTALLY_{service}_CLICKHOUSE_URL", f"{settings.url}/nothing_{uuid.uuid4().hex}")
    ended = run(command, capsys, monkeypatch)
    assert (ended.status, ended.stderr.count("\n")) == (1, 1), ended
    assert "run `clicktally migrate`, which makes what may be missing" in ended.stderr


@pytest.mark.parametrize("service", ["worker", "tables"])
def test_a_service_that_is_not_let_in_ends_and_its_log_says_what_to_do(
    settings: ClickHouse, service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = {"worker": "CLICKTALLY_STREAM_", "tables": "CLICKTALLY_TABLES_"}[service]
    stranger = settings.url.replace("http://", "http://stranger:sesame@")
    monkeypatch.setenv(f"{prefix}CLICKHOUSE_URL", f"{stranger}/clicktally")
    monkeypatch.setenv(f"{prefix}METRICS_PORT", "0")
    command = [sys.executable, "-m", "stream", service]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    said = msgspec.json.decode(ended.stderr.splitlines()[-1])
    assert (ended.returncode, said["level"]) == (1, "critical"), ended.stderr
    assert f"put user and password right in {prefix}CLICKHOUSE_URL" in said["message"]
    assert "error" not in said, "no traceback"
    assert "sesame" not in ended.stderr
