"""The page as it is built: the same bytes each time, within its budget, with nothing from elsewhere."""

import gzip
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from deploy.local.node import PAGE

FIRST_BYTES: Final = 60_000
"""Of the scripts and styles that a first visit waits for, as gzip sends them."""
ALL_BYTES: Final = 90_000
"""With those of the other views, which are fetched once nothing else is on its way."""
SOURCES: Final = sorted(path for path in (PAGE / "src").rglob("*") if path.suffix in {".ts", ".tsx", ".css"})
GENERATED: Final = PAGE / "src" / "api" / "types.ts"


def build(to: Path) -> Mapping[str, bytes]:
    """The files of a build, by their names."""
    arguments = ["vite/bin/vite.js", "build", "--logLevel", "warn", "--outDir", str(to)]
    subprocess.run([sys.executable, "-m", "deploy.local.node", *arguments], check=True, cwd=PAGE.parents[1])
    return {str(path.relative_to(to)): path.read_bytes() for path in sorted(to.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, bytes]:
    return build(tmp_path_factory.mktemp("built"))


def test_two_builds_give_the_same_bytes(built: Mapping[str, bytes], tmp_path: Path) -> None:
    assert build(tmp_path / "again") == built


def test_scripts_and_styles_stay_within_their_budget(built: Mapping[str, bytes]) -> None:
    sizes = {
        name: len(gzip.compress(content, 9, mtime=0))
        for name, content in built.items()
        if name.endswith((".js", ".css"))
    }
    print(json.dumps(sizes))
    named = re.findall(rb'(?:src|href)="/(assets/[^"]+)"', built["index.html"])
    first = {name: sizes[name.decode()] for name in named}
    assert len(first) >= 2
    assert sum(first.values()) <= FIRST_BYTES, first
    assert sum(sizes.values()) <= ALL_BYTES, sizes


def test_the_page_keeps_the_strict_policy_and_names_no_other_host(built: Mapping[str, bytes]) -> None:
    page = built["index.html"].decode()
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", page)
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert loaded
    for name in loaded:
        assert name.removeprefix("/") in built, f"{name} is not built"
    for name, content in built.items():
        hosts = set(re.findall(rb"https?://([\w.-]+)", content))
        # The namespace of SVG, what a field shows while it is empty, and a link that a licence asks for.
        assert hosts <= {b"www.w3.org", b"example.com", b"db-ip.com"}, f"{name} names {hosts}"


def test_the_lock_file_pins_every_package_by_hash_and_names_no_registry() -> None:
    lock = json.loads((PAGE / "package-lock.json").read_text())
    packages = {name: one for name, one in lock["packages"].items() if name}
    assert packages
    assert [name for name, one in packages.items() if "integrity" not in one] == []
    assert [name for name, one in packages.items() if "resolved" in one] == []


def test_no_module_of_the_page_exceeds_400_lines() -> None:
    lengths = {path.name: len(path.read_text().splitlines()) for path in SOURCES if path != GENERATED}
    assert {name: length for name, length in lengths.items() if length > 400} == {}


def test_the_wheel_has_the_page_and_not_its_sources(built: Mapping[str, bytes], tmp_path: Path) -> None:
    root = PAGE.parents[1]
    copy = tmp_path / "source"
    copy.mkdir()
    for name in ("pyproject.toml", "README.md", ".gitignore"):
        shutil.copy(root / name, copy)
    ignored = shutil.ignore_patterns("node_modules", "__pycache__", "built")
    shutil.copytree(root / "console", copy / "console", ignore=ignored)
    for package in ("redirector", "stream", "schemas", "deploy"):
        (copy / package).mkdir()
    for name, content in built.items():
        (copy / "console/page/built" / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / "console/page/built" / name).write_bytes(content)
    made = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "dist")],
        cwd=copy,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    names = subprocess.run(
        [sys.executable, "-m", "zipfile", "-l", str(wheel)], capture_output=True, text=True, check=True
    )
    inside = {line.split()[0] for line in names.stdout.splitlines()[1:]}
    page = {name for name in inside if name.startswith("console/page/")}
    assert page == {f"console/page/built/{name}" for name in built}
