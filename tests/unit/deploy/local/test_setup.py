"""The jars arrive whole or not at all, and what is missing is named."""

from pathlib import Path

import pytest

from deploy.local import setup
from deploy.local.kafka.broker import server_properties
from deploy.local.settings import LocalSettings


@pytest.fixture
def settings(tmp_path: Path) -> LocalSettings:
    return LocalSettings(cache_dir=tmp_path / "cache", data_dir=tmp_path / "data", kafka_port=1234)


def maven(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str) -> None:
    """Put a Maven of our own first on the path."""
    program = tmp_path / "mvn"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")


def test_a_maven_that_fails_leaves_nothing_behind(
    settings: LocalSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    maven(monkeypatch, tmp_path, "exit 1")
    with pytest.raises(setup.SetupError, match="Maven"):
        setup.fetch_jars(settings)
    assert list(settings.cache_dir.iterdir()) == []


def test_jars_fetched_by_another_run_meanwhile_are_taken(
    settings: LocalSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = settings.kafka_jars_dir
    out = 'for a in "$@"; do case $a in -DoutputDirectory=*) o=${a#*=};; esac; done; mkdir $o; touch $o/ours.jar'
    maven(monkeypatch, tmp_path, f"{out}; mkdir {directory}; touch {directory}/theirs.jar")
    setup.fetch_jars(settings)
    assert [jar.name for jar in directory.iterdir()] == ["theirs.jar"]
    assert [one.name for one in settings.cache_dir.iterdir()] == [directory.name]


def test_what_is_missing_is_named_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(setup.SetupError, match=r"sudo apt-get install .*openjdk-17-jre-headless maven"):
        setup.install(["java", "mvn"])


def test_what_the_tests_call_is_named_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        setup.SetupError, match=r"promtool.*chromium.*kcat missing .*apt-get install .* chromium kcat"
    ):
        setup.ensure_test_tools()


def test_a_compiler_is_asked_for_unless_one_was_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CC", raising=False)
    assert "cc" in setup.missing_programs(jars_present=True)
    monkeypatch.setenv("CC", "/opt/bin/clang")
    assert "cc" not in setup.missing_programs(jars_present=True)


def test_the_broker_listens_where_it_is_told_and_makes_no_topics_by_itself(settings: LocalSettings) -> None:
    properties = dict(line.split("=", 1) for line in server_properties(settings).splitlines())
    assert properties["advertised.listeners"] == "PLAINTEXT://127.0.0.1:1234"
    assert properties["auto.create.topics.enable"] == "false"


def test_the_version_in_the_settings_is_the_one_that_maven_is_told() -> None:
    assert f"<kafka.version>{LocalSettings().kafka_version}</kafka.version>" in setup.POM.read_text()
