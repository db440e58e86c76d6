"""The Kafka Connect contestant is set up as the others are, and its absence is a BenchError, not a crash."""

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from bench import connect, floor
from bench.stack import BenchError
from deploy.local.setup import POM
from schemas.topics import EVENT_TOPICS


def test_it_inserts_into_the_floor_s_table_with_the_floor_s_settings() -> None:
    settings = connect.sink_settings("http://127.0.0.1:8123/round0")
    url = urlsplit(str(settings["insert.url"]))
    parameters = {name: values[0] for name, values in parse_qs(url.query).items()}
    assert url.netloc == "127.0.0.1:8123"
    assert parameters.pop("query") == "INSERT INTO round0.incoming FORMAT JSONEachRow"
    assert parameters == {name: str(value) for name, value in floor.SETTINGS.items()}
    assert str(settings["topics"]).split(",") == list(EVENT_TOPICS)


def test_connect_s_versions_are_those_of_the_broker() -> None:
    def versions(pom: Path) -> list[str]:
        return re.findall(r"<(?:kafka|log4j)\.version>([\d.]+)<", pom.read_text())

    assert versions(connect.SOURCE / "pom.xml") == versions(POM)


def test_without_maven_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BenchError, match="apt-get install maven"):
        connect.build(tmp_path / "connect")


def test_what_maven_refuses_is_told_and_nothing_counts_as_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    maven = tmp_path / "mvn"
    maven.write_text("#!/bin/sh\necho '[ERROR] no compiler here'\nexit 1\n")
    maven.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    for _ in range(2):
        with pytest.raises(BenchError, match="no compiler here"):
            connect.build(tmp_path / "connect")


def test_what_is_built_is_not_built_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    maven = tmp_path / "mvn"
    maven.write_text(f'#!/bin/sh\n/bin/mkdir -p "{tmp_path}/connect/jars"\n')
    maven.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    first = connect.build(tmp_path / "connect")
    maven.unlink()
    assert connect.build(tmp_path / "connect") == first == tmp_path / "connect" / "jars"
