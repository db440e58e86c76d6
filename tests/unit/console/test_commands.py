"""Every command says in one line that Kafka or ClickHouse is away, and ends with status 1."""

from pathlib import Path

import pytest
import typer

from console.__main__ import app
from console.migrations import create_topics
from console.settings import ConsoleSettings
from schemas.errors import TransientError
from schemas.settings import settings_or_exit
from tests.commands import NOBODY, run_clicktally, run_reclassify

CLICKHOUSE = ("clicktally: ", f"http://{NOBODY}/", "CLICKTALLY_CONSOLE_CLICKHOUSE_URL")
KAFKA = ("clicktally: ", NOBODY, "CLICKTALLY_CONSOLE_BOOTSTRAP_SERVERS")

WITHOUT_CLICKHOUSE = (
    "migrate",
    "migrate --dry-run",
    "roll-up",
    "forget --link go.example/a",
    "impressions unmatched",
)
WITHOUT_KAFKA = (
    "links import links.csv",
    "links import --dry-run links.csv",
    "links list",
    "links show go.example/a",
    "links export",
    "links delete go.example/a",
    "tokens list",
    "tokens create importer --role admin",
    "tokens create importer --role admin --if-none",
    "tokens revoke 0123",
    "tokens sign-in-link importer",
    "check-events clicks",
    "impressions import posts.csv --link go.example/a --observed-at 2026-11-01T00:00:00Z",
    "impressions match --map map.csv",
    "poll --once",
    "poll --plan",
)


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Settings by which nothing answers, files to name, and no patience."""
    for service in ("CONSOLE", "STREAM"):
        monkeypatch.setenv(f"CLICKTALLY_{service}_CLICKHOUSE_URL", f"http://{NOBODY}/clicktally")
        monkeypatch.setenv(f"CLICKTALLY_{service}_BOOTSTRAP_SERVERS", NOBODY)
    monkeypatch.setenv("CLICKTALLY_CONSOLE_DEADLINE_S", "0.1")
    monkeypatch.setenv("CLICKTALLY_POLL_STATE_FILE", str(tmp_path / "state"))
    monkeypatch.setenv("CLICKTALLY_POLL_ACCOUNTS", '[[x]]\nname = "acme"\ntoken = "t"\n')
    (tmp_path / "links.csv").write_text("domain,slug,destination\ngo.example,a,https://x.com\n")
    (tmp_path / "posts.csv").write_text("platform,post,total\nx,1,10\n")
    (tmp_path / "map.csv").write_text("post,link\n1,go.example/a\n")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("command", WITHOUT_CLICKHOUSE)
def test_without_clickhouse(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = run_clicktally(capsys, monkeypatch, *command.split())
    assert (ended.status, ended.stderr.count("\n")) == (1, 1), ended
    assert [part for part in CLICKHOUSE if part not in ended.stderr] == [], ended.stderr


@pytest.mark.parametrize("command", WITHOUT_KAFKA)
def test_without_kafka(command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    ended = run_clicktally(capsys, monkeypatch, *command.split())
    said = ended.stderr.splitlines()
    assert (ended.status, len(said)) == (1, 1), ended
    assert [part for part in KAFKA if part not in said[0]] == [], ended.stderr


async def test_topics_are_not_made_without_kafka() -> None:
    with pytest.raises(TransientError, match=f"^Kafka at {NOBODY} "):
        await create_topics(settings_or_exit(ConsoleSettings, check=False))


def test_an_audit_without_either_says_what_was_not_checked(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = run_clicktally(capsys, monkeypatch, "audit", "--settle", "0", "--deep")
    assert (ended.status, ended.stderr) == (2, "")
    assert "unreachable" in ended.stdout


def test_a_recount_without_clickhouse(capsys: pytest.CaptureFixture[str]) -> None:
    ended = run_reclassify(capsys, "--since", "1d")
    assert (ended.status, ended.stderr.count("\n")) == (1, 1), ended
    assert ended.stderr.startswith("clicktally reclassify: ClickHouse error 0: http://127.0.0.1:1/clicktally: ")
    assert "CLICKTALLY_STREAM_CLICKHOUSE_URL" in ended.stderr


def test_no_command_is_left_out() -> None:
    tried = {"audit", "reclassify", *WITHOUT_CLICKHOUSE, *WITHOUT_KAFKA}
    waits_for_both = {"serve"}
    assert [name for name in names_of(app) - waits_for_both if not any(one.startswith(name) for one in tried)] == []


def names_of(typers: typer.Typer) -> set[str]:
    """All commands, those of groups after the group's name."""
    own = {one.name or one.callback.__name__ for one in typers.registered_commands if one.callback}
    groups = ((group.name, group.typer_instance) for group in typers.registered_groups)
    return own | {f"{name} {command}" for name, group in groups if group for command in names_of(group)}
