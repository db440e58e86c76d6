import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGES = sorted({*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")})


def targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):.*## \S", (ROOT / "Makefile").read_text(), re.MULTILINE))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_target_that_a_page_names_exists_and_explains_itself(page: Path) -> None:
    named = set(re.findall(r"`make ([a-z][a-z-]*[a-z])[ `]", page.read_text()))
    assert named <= targets()
