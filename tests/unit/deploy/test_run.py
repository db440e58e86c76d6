"""What `make run` tells people."""

import configparser

import pytest

from console.settings import ConsoleSettings
from deploy.local.run import console_exports
from deploy.local.settings import LocalSettings
from deploy.local.stack.settings import RunSettings, Stack
from deploy.local.stack.supervisor import CONFIG


def stack(**variables: str) -> Stack:
    return Stack(LocalSettings.load(variables), RunSettings.load(variables))


def test_on_its_usual_ports_clicktally_finds_the_stack_by_itself() -> None:
    assert console_exports(stack()) == []


def test_on_other_ports_the_variables_that_clicktally_needs_are_shown() -> None:
    other = stack(CLICKTALLY_LOCAL_KAFKA_PORT="19092", CLICKTALLY_LOCAL_CLICKHOUSE_PORT="18123")
    _, *lines = console_exports(other)
    exported = dict(line.removeprefix("export ").split("=", 1) for line in lines)
    assert ConsoleSettings.load(exported).bootstrap_servers.endswith(":19092")
    assert ":18123/" in exported["CLICKTALLY_CONSOLE_CLICKHOUSE_URL"]


def test_pollers_are_started_where_there_are_accounts_and_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CLICKTALLY_POLL_ACCOUNTS_FILE", "CLICKTALLY_POLL_ACCOUNTS"):
        monkeypatch.delenv(name, raising=False)
    assert "poll" not in stack().metrics_ports
    monkeypatch.setenv("CLICKTALLY_POLL_ACCOUNTS_FILE", "accounts.toml")
    assert stack().metrics_ports["poll"] == 9114


def test_the_supervisor_knows_the_ports_that_are_told() -> None:
    programs = configparser.RawConfigParser()
    programs.read(CONFIG)
    for name, ending in (("relay", 11), ("tables", 12), ("api", 13), ("poll", 14)):
        assert programs[f"program:{name}"]["environment"].endswith(f'S)s{ending}"')
