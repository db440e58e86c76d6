"""What the pages promise can happen, and what cannot happen yet is marked as such."""

import itertools
import re
from pathlib import Path
from typing import get_args

from schemas.errors import DeadLetterReason
from schemas.events import NETWORKS, TRAFFIC_CLASSES
from stream.classify import REPORTED, Request
from stream.repeats import VERDICTS
from tests.builders import BOT, BROWSER, CLASSIFIER

REPOSITORY = Path(__file__).resolve().parents[3]
NOT_YET = "not given yet"
APP = "Outlook-iOS/709.2226530.prod.iphone (3.24.1)"
DEVICE = "Nokia6300/2.0 (07.21) Profile/MIDP-2.0 Configuration/CLDC-1.1"


def given() -> set[tuple[str, str]]:
    """Every class and reason that the classifier gives to some of each kind of sender, and those of repeats."""
    senders = itertools.product((BROWSER, BOT, APP, DEVICE, ""), ("", "prefetch"), ("", *NETWORKS), (False, True))
    verdicts = {CLASSIFIER.verdict(Request(*sender)) for sender in senders} | {REPORTED, *VERDICTS.values()}
    return {(verdict.traffic_class, verdict.reason) for verdict in verdicts}


def page(name: str) -> str:
    return (REPOSITORY / "docs" / name).read_text()


def test_the_classes_and_reasons_of_the_page_are_those_that_are_given() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (?:`(\w+)`)? ?\|", page("classes.md"), re.MULTILINE)
    assert set(rows) == given()


def test_a_class_that_nothing_gives_is_marked_in_every_table_that_has_it() -> None:
    missing = set(TRAFFIC_CLASSES) - {traffic_class for traffic_class, _ in given()}
    marked = set(re.findall(rf"`(\w+)` is {NOT_YET}", page("classes.md")))
    assert marked == missing
    for name in sorted(missing):
        (meaning,) = set(re.findall(rf"^\| `{name}_clicks` \| (.*) \|$", page("tables.md"), re.MULTILINE)) - {
            "as in ctr_1m"
        }
        assert NOT_YET in meaning
    for name in sorted(set(TRAFFIC_CLASSES) - missing):
        assert not re.search(rf"^\| `{name}_clicks` \|.*{NOT_YET}", page("tables.md"), re.MULTILINE)


def test_somebody_gives_every_reason_of_a_dead_letter() -> None:
    sources = [
        path.read_text()
        for folder in ("stream", "redirector/relay", "schemas")
        for path in (REPOSITORY / folder).rglob("*.py")
        if path.name != "errors.py"
    ]
    unused = [reason for reason in get_args(DeadLetterReason) if not any(f'"{reason}"' in text for text in sources)]
    assert unused == []
