"""``python -m deploy.local.setup``: have Java, Maven, a C compiler, jars, countries, or say what is missing."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from deploy.local.places.database import NoPlacesError, ensure_places
from deploy.local.settings import LocalSettings
from schemas.settings import settings_or_exit

POM = Path(__file__).parent / "kafka" / "pom.xml"
JAVA_AT_LEAST = 17
# The apt packages with the program that shows they are there.
DEBIAN_PACKAGES = {
    "java": ["openjdk-17-jre-headless"],
    "mvn": ["maven"],
    "javac": ["openjdk-17-jdk-headless"],
    "go": ["golang-go"],  # one older than go.mod wants fetches the one it wants
    "npm": ["nodejs", "npm"],
    "cc": ["gcc", "libc6-dev"],
    "promtool": ["prometheus"],
    "chromium": ["chromium"],
    "kcat": ["kcat"],
}


class SetupError(Exception):
    """The embedded stack can't run yet; the message says what to do."""


def java_version() -> int | None:
    """The major version of ``java`` on the path; None without one."""
    if shutil.which("java") is None:
        return None
    version_text = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False).stderr
    matched = re.search(r'version "(?:1\.)?(\d+)', version_text)
    return int(matched[1]) if matched else None


def missing_programs(*, jars_present: bool) -> list[str]:
    """Programs to install first; Maven is only needed while the jars are not there."""
    missing = []
    if (java_version() or 0) < JAVA_AT_LEAST:
        missing.append("java")
    if not jars_present and shutil.which("mvn") is None:
        missing.append("mvn")
    if shutil.which("cc") is None and "CC" not in os.environ:
        missing.append("cc")
    return missing


def install(programs: list[str]) -> None:
    """Install programs as root on Debian; elsewhere say how.

    Raises:
        SetupError: not root or not Debian.
    """
    packages = [package for program in programs for package in DEBIAN_PACKAGES[program]]
    command = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise SetupError(
            f"{' and '.join(programs)} missing (of Java, {JAVA_AT_LEAST} or newer). On Debian or Ubuntu: "
            f"sudo {' '.join(command)}; elsewhere install them by your package manager. Then try again."
        )
    print(f"installing {', '.join(packages)}", flush=True)
    subprocess.run(["apt-get", "update", "-q"], check=True)
    subprocess.run(command, check=True, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})


def fetch_jars(settings: LocalSettings) -> None:
    """Resolve the pinned pom.xml into the cache: all jars or none, whoever else does the same meanwhile.

    Raises:
        SetupError: Maven could not resolve them.
    """
    target = settings.kafka_jars_dir
    target.parent.mkdir(parents=True, exist_ok=True)
    print(f"fetching Apache Kafka {settings.kafka_version} into {target}", flush=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".jars-") as scratch:
        jars = Path(scratch) / "jars"
        maven = ["mvn", "-q", "-B", "-f", str(POM), f"-Dkafka.version={settings.kafka_version}"]
        goal = ["dependency:copy-dependencies", f"-DoutputDirectory={jars}", "-DincludeScope=runtime"]
        done = subprocess.run([*maven, *goal], check=False)
        if done.returncode != 0:
            raise SetupError(
                f"Maven could not fetch Kafka {settings.kafka_version}: see its words above. It needs a Maven "
                "repository; a mirror goes into ~/.m2/settings.xml. Then try again."
            )
        try:
            jars.rename(target)
        except OSError:
            if not target.is_dir():
                raise
            # Another run was faster; its jars are as good.


def ensure_ready(settings: LocalSettings) -> None:
    """Make the embedded stack startable; nothing to do costs one ``java -version``.

    Raises:
        SetupError: something is missing that can't be had from here.
    """
    jars_present = settings.kafka_jars_dir.is_dir()
    missing = missing_programs(jars_present=jars_present)
    if missing:
        install(missing)
    if not jars_present:
        fetch_jars(settings)


def ensure_test_tools() -> None:
    """Have promtool, Chromium and kcat, which tests call; the stack itself runs without them.

    Raises:
        SetupError: one is missing and can't be had from here.
    """
    missing = [program for program in ("promtool", "chromium", "kcat") if shutil.which(program) is None]
    if missing:
        install(missing)


def main() -> None:
    """Get ready and say so, or say what is missing and exit with 1."""
    settings = settings_or_exit(LocalSettings, check="--check" in sys.argv[1:])
    try:
        ensure_ready(settings)
    except SetupError as error:
        sys.exit(f"setup: {error}")
    try:
        ensure_test_tools()
    except SetupError as error:
        print(f"setup: for the tests only: {error}")
    try:
        ensure_places(settings)
    except NoPlacesError as error:
        print(f"setup: {error}")
    print(f"embedded stack ready: Kafka {settings.kafka_version} in {settings.kafka_jars_dir}")


if __name__ == "__main__":
    main()
