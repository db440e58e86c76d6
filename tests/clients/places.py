"""Where each client is, made on first use and kept by the hash of what pins it."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from deploy.local.processes import REPOSITORY
from deploy.local.settings import LocalSettings
from deploy.local.setup import SetupError, install

HERE = Path(__file__).parent
DBT = REPOSITORY / "deploy" / "dbt"
# Where Go's own installer puts it, which is on few paths.
PATH = f"{os.environ.get('PATH', '')}{os.pathsep}/usr/local/go/bin"
_TOOLS = ("javac", "mvn", "go", "npm")


def ensure_tools() -> None:
    """Have Java's compiler, Maven, Go and npm.

    Raises:
        SetupError: one is missing and cannot be installed from here.
    """
    missing = [tool for tool in _TOOLS if shutil.which(tool, path=PATH) is None]
    if missing:
        install(missing)


def jdbc() -> Path:
    """The directory of the JDBC driver's jars."""

    def fetch(into: Path) -> None:
        maven = ["mvn", "-q", "-B", "-f", str(HERE / "java" / "pom.xml"), "dependency:copy-dependencies"]
        _run([*maven, f"-DoutputDirectory={into}", "-DincludeScope=runtime"], cwd=HERE)

    return _made("java", fetch, HERE / "java/pom.xml")


def go() -> Path:
    """The directory of the Go program."""

    def build(into: Path) -> None:
        _run(["go", "build", "-mod=readonly", "-o", str(into / "client"), "."], cwd=HERE / "go")

    return _made("go", build, HERE / "go/go.sum", HERE / "go/main.go")


def js() -> Path:
    """The directory of the JavaScript program, its modules beside it."""

    def fetch(into: Path) -> None:
        shutil.copytree(HERE / "js", into, dirs_exist_ok=True)
        _run(["npm", "ci", "--silent", "--no-audit", "--no-fund"], cwd=into)

    return _made("js", fetch, HERE / "js/package-lock.json", HERE / "js/main.js")


def dbt() -> Path:
    """A virtual environment with dbt, whose pins would clash with ours."""

    def build(into: Path) -> None:
        _run([sys.executable, "-m", "venv", str(into)], cwd=HERE)
        lock = str(DBT / "requirements.lock")
        # Called as modules: its scripts name the directory that it was made in.
        _run([str(into / "bin" / "python"), "-m", "pip", "install", "-q", "--require-hashes", "-r", lock], cwd=HERE)

    return _made("dbt", build, DBT / "requirements.lock")


PLACES: tuple[Callable[[], Path], ...] = (jdbc, go, js, dbt)


def _made(client: str, make: Callable[[Path], None], *pins: Path) -> Path:
    texts = b"".join(path.read_bytes() for path in pins)
    name = f"{client}-{hashlib.sha256(texts).hexdigest()[:16]}"
    place = LocalSettings.load().cache_dir.expanduser().resolve() / "clients" / name
    if place.is_dir():
        return place
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.parent, prefix=".making-") as scratch:
        made = Path(scratch) / "made"
        made.mkdir()
        make(made)
        try:
            made.rename(place)
        except OSError:
            if not place.is_dir():
                raise
            # Another run was faster; its own is as good.
    return place


def _run(command: list[str], *, cwd: Path) -> None:
    done = subprocess.run(
        command, cwd=cwd, env={**os.environ, "PATH": PATH}, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise SetupError(f"{' '.join(command)}:\n{done.stdout}{done.stderr}")
