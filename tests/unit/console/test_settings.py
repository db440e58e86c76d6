"""The console's settings and its way of telling what is wrong."""

import pytest
from typer.testing import CliRunner

from console.__main__ import app


def test_check_prints_the_settings_with_secrets_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLICKTALLY_CONSOLE_CLICKHOUSE_URL", "http://ann:sesame@db/clicks")
    result = CliRunner().invoke(app, ["--check"])
    assert result.exit_code == 0
    assert "CLICKTALLY_CONSOLE_PARTITIONS=4" in result.stdout
    assert "sesame" not in result.output


def test_a_misspelt_setting_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLICKTALLY_CONSOLE_PARTITION", "8")
    assert CliRunner().invoke(app, ["migrate"]).exit_code == 2
