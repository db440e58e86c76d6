"""A reader's settings where no Python takes them from: a server's profile, and the page that shows one."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

from schemas.clickhouse.readers import OF_READER

ROOT = Path(__file__).resolve().parents[4]
LIMITS = re.compile(r"max_\w+|constraints")


def profile(xml: ET.Element) -> dict[str, str | None]:
    """The settings of a profile, but for the limits, which are the embedded server's settings."""
    return {child.tag: child.text for child in xml if not LIMITS.fullmatch(child.tag)}


def test_the_reader_of_compose_begins_with_the_settings_of_the_embedded_one() -> None:
    root = ET.parse(ROOT / "deploy/docker/clickhouse/users.xml")  # noqa: S314 - our own file
    reader = root.find("profiles/reader")
    assert reader is not None
    assert profile(reader) == {"readonly": "2", **OF_READER}


def test_the_profile_for_a_server_of_ones_own_is_shown_with_the_same_settings() -> None:
    (shown,) = re.findall(
        r"^```xml\n(<reader>.*?</reader>)\n```$", (ROOT / "docs/reports.md").read_text(), re.DOTALL | re.MULTILINE
    )
    assert profile(ET.fromstring(shown)) == {"readonly": "2", **OF_READER}  # noqa: S314 - our own page
