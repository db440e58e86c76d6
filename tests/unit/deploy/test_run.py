"""What `make run` tells people."""

import configparser
from pathlib import Path

import pytest

from console.settings import ConsoleSettings
from deploy.local.places.database import places_file
from deploy.local.run import console_exports
from deploy.local.settings import LocalSettings
from deploy.local.stack.settings import RunSettings, Stack
from deploy.local.stack.supervisor import CONFIG
from redirector.serve.settings import ServeSettings


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


@pytest.fixture
def fetched(tmp_path: Path) -> Path:
    """DB-IP's file, where setup puts it in a cache of the test's own."""
    file = places_file(LocalSettings(cache_dir=tmp_path))
    file.parent.mkdir()
    file.touch()
    return file


@pytest.mark.parametrize("operators", ["/etc/clicktally/city.mmdb", ""])
def test_the_operator_s_file_of_places_goes_first_and_an_empty_one_is_none(
    operators: str, fetched: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLICKTALLY_SERVE_PLACES_FILE", operators)
    assert places_of(fetched.parents[1]) == operators


def test_without_one_of_the_operator_the_fetched_file_tells_countries(
    fetched: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CLICKTALLY_SERVE_PLACES_FILE", raising=False)
    assert places_of(fetched.parents[1]) == str(fetched)
    fetched.unlink()
    assert places_of(fetched.parents[1]) == ""


@pytest.mark.parametrize(("operators", "known"), [(None, True), ("false", False), ("true", True)])
def test_clouds_are_data_centers_unless_the_operator_says_otherwise(
    operators: str | None, known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "CLICKTALLY_SERVE_CLOUD_NETWORKS"
    monkeypatch.delenv(name, raising=False)
    if operators is not None:
        monkeypatch.setenv(name, operators)
    assert ServeSettings.load(stack().environment(Path())).cloud_networks == known


def places_of(cache: Path) -> str:
    """The file of places that serve is told."""
    variables = stack(CLICKTALLY_LOCAL_CACHE_DIR=str(cache)).environment(Path())
    return ServeSettings.load(variables).places_file


def test_the_supervisor_knows_the_ports_that_are_told() -> None:
    programs = configparser.RawConfigParser()
    programs.read(CONFIG)
    for name, ending in (("relay", 11), ("tables", 12), ("api", 13), ("poll", 14)):
        assert programs[f"program:{name}"]["environment"].endswith(f'S)s{ending}"')
