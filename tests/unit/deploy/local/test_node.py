"""The page is built by the wheel's Node.js, or by the machine's where it is new enough."""

import importlib.util
from pathlib import Path

import pytest

from deploy.local import node


def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, version: str) -> Path:
    """A machine without the wheel, whose own node says that it is of this version."""
    program = tmp_path / "node"
    program.write_text(f"#!/bin/sh\necho v{version}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    return program


def test_the_wheel_s_own_npm_and_the_programs_of_packages_run_by_the_wheel_s_node() -> None:
    program, npm, argument = node.command(["npm", "ci"])
    assert (program, argument) == (str(node.node()), "ci")
    assert Path(npm).is_file()
    assert node.command(["vite/bin/vite.js"])[1] == str(node.PAGE / "node_modules/vite/bin/vite.js")


def test_the_machine_s_node_is_taken_from_20_19_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = machine(monkeypatch, tmp_path, "20.19.0")
    assert node.command(["npm", "ci"]) == ["npm", "ci"]
    assert node.command(["a.js"])[0] == str(program)
    machine(monkeypatch, tmp_path, "20.18.3")
    with pytest.raises(node.NoNodeError, match="make setup"):
        node.node()
