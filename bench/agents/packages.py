"""The packages whose user agents are judged: locked, unpacked into the bench's cache, never imported or run."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from bench.stack import CACHE, BenchError

PACKAGES: Final = CACHE / "agents"
_HERE: Final = Path(__file__).parent
_LOCKS: Final = ("package.json", "package-lock.json", "requirements.txt", "crawlerdetect.txt")


def unpacked() -> Path:
    """The directory with `npm/node_modules` and `pypi`, made on first use and when a lock changed.

    Raises BenchError with what failed and what to do.
    """
    mark = PACKAGES / "locks.txt"
    wanted = "".join((_HERE / name).read_text() for name in _LOCKS)
    if not mark.is_file() or mark.read_text() != wanted:
        shutil.rmtree(PACKAGES, ignore_errors=True)
        _npm(PACKAGES / "npm")
        _pypi(PACKAGES / "pypi")
        mark.write_text(wanted)
    return PACKAGES


def _npm(place: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise BenchError("npm is not installed: it fetches the corpora of bench/agents/package.json")
    place.mkdir(parents=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(_HERE / name, place)
    _run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"], place)


def _pypi(place: Path) -> None:
    place.mkdir(parents=True)
    pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--require-hashes"]
    _run([*pip, "--only-binary", ":all:", "-r", str(_HERE / "requirements.txt")], place)
    _run([*pip, "--no-binary", ":all:", "-r", str(_HERE / "crawlerdetect.txt")], place)
    for wheel in place.glob("*.whl"):
        shutil.unpack_archive(wheel, place, "zip")
    for source in place.glob("*.tar.gz"):
        shutil.unpack_archive(source, place, filter="data")


def _run(command: list[str], place: Path) -> None:
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(f"{' '.join(command[:4])} failed: {(done.stderr or done.stdout)[-500:]}")
