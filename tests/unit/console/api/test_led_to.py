"""What the API says of a visit is what a redirector answers."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.api.led_to import EXAMPLE_ID, AnswerQuery, answer_of
from redirector.serve.click_ids import ID_CHARS
from redirector.serve.lookup import Lookup
from redirector.serve.request_facts import RequestFacts, read_query
from schemas.choosing import VisitFacts
from schemas.links import Link, Rules
from schemas.passed_query import says
from schemas.rules import LinkRules, Rule, Variant, compiled_form
from tests.unit.redirector.serve.fakes import FakeLinks

NOW_MS = 1_790_000_000_000
RULES = LinkRules(
    weight=3,
    variants=(Variant(number=1, name="b", destination="https://example.com/b?x=1", weight=1),),
    rules=(
        Rule(number=2, name="german", destination="https://example.com/de", countries=("DE",)),
        Rule(number=3, name="app", destination="app://open", languages=("en",), devices=("ios",)),
    ),
    starts_at_ms=1000,
    early_destination="https://example.com/soon",
    pass_query=True,
    utm_source="news",
)
LINK = Link(
    domain="go.example",
    slug="a",
    destination="https://example.com/",
    variant="a",
    expires_at_ms=NOW_MS + 1000,
    rules=Rules(v=1, compiled=compiled_form(RULES)),
    v=2,
)


def at(time_ms: int) -> datetime:
    return datetime.fromtimestamp(time_ms / 1000, UTC)


@pytest.mark.parametrize(
    ("asked", "status", "location", "what", "why"),
    [
        ({"country": "DE"}, 302, "https://example.com/de?utm_source=news", (2, "german"), "rule"),
        ({"language": "en-gb", "ua": "iPhone"}, 302, "app://open?utm_source=news", (3, "app"), "rule"),
        ({"at": at(999)}, 302, "https://example.com/soon?utm_source=news", (65_534, ""), "early"),
        ({"at": at(NOW_MS + 1000)}, 410, None, (65_535, ""), "expired"),
        ({"visitor": 5, "query": "x=2&qr=1"}, 302, "https://example.com/?utm_source=news&x=2", (0, "a"), "variant"),
    ],
)
def test_an_answer_says_what_decided(
    asked: dict[str, Any], status: int, location: str | None, what: tuple[int, str], why: str
) -> None:
    view = answer_of(LINK, AnswerQuery(**asked), NOW_MS, scan_parameter="qr")
    assert (view.status, view.location, view.destination, view.name, view.why) == (status, location, *what, why)
    assert (view.counted, view.scan) == (status == 302, "qr=1" in asked.get("query", ""))
    assert [(one.destination, one.name, one.share) for one in view.split] == (
        [(0, "a", 0.75), (1, "b", 0.25)] if why == "variant" else []
    )


@pytest.mark.parametrize(
    ("asked", "recognized"),
    [({}, True), ({"dnt": True}, False), ({"query": "no=1"}, False), ({"query": "no=0"}, True)],
)
def test_who_asks_not_to_be_recognized_is_a_click_and_no_visitor(asked: dict[str, Any], recognized: bool) -> None:
    query = AnswerQuery(**asked, visitor=5)
    view = answer_of(LINK, query, NOW_MS, scan_parameter="qr", opt_out_parameter="no")
    assert view.counted_as is not None
    assert (view.counted_as.kind, view.counted_as.recognized) == ("click", recognized)


def test_what_is_answered_with_no_redirect_is_counted_as_nothing() -> None:
    view = answer_of(LINK, AnswerQuery(at=at(NOW_MS + 1000)), NOW_MS, scan_parameter="qr")
    assert (view.counted, view.counted_as) == (False, None)


def test_the_place_of_a_clicks_id_is_shown() -> None:
    told = msgspec.structs.replace(LINK, click_id_parameter="ct")
    view = answer_of(told, AnswerQuery(country="DE", query="ct=mine&x=1"), NOW_MS, scan_parameter="qr")
    assert view.location == f"https://example.com/de?utm_source=news&x=1&ct={EXAMPLE_ID}"
    assert len(EXAMPLE_ID) == ID_CHARS


def test_a_plain_link_leads_to_its_destination() -> None:
    plain = Link(domain="go.example", slug="a", destination="https://example.com/")
    view = answer_of(plain, AnswerQuery(query="x=1"), NOW_MS, scan_parameter="qr")
    assert (view.status, view.location, view.why, view.split) == (302, "https://example.com/", "own", [])


@given(
    known=st.fixed_dictionaries(
        {
            "visitor": st.integers(1, 2**53 - 1),
            "country": st.sampled_from(["", "DE", "FR"]),
            "language": st.sampled_from(["", "en", "en-gb", "de"]),
            "ua": st.sampled_from(["", "iPhone", "curl"]),
        }
    ),
    query=st.sampled_from(["", "x=2", "qr=1", "qr=0&y=1", "utm_source=me"]),
    now_ms=st.sampled_from([0, 999, 1000, NOW_MS, NOW_MS + 999, NOW_MS + 1000]),
    link=st.sampled_from([LINK, msgspec.structs.replace(LINK, click_id_parameter="y")]),
)
def test_a_redirector_answers_the_same(known: VisitFacts, query: str, now_ms: int, link: Link) -> None:
    view = answer_of(link, AnswerQuery(**known, query=query, at=at(now_ms)), NOW_MS, scan_parameter="qr")
    lookup = Lookup(FakeLinks(link), pixel_format="gif", keep=9, refresh_ms=50, now_ms=now_ms, scan_parameter="qr")
    prepared = lookup.find("go.example", f"/a?{query}", now_ms)
    assert prepared is not None
    facts = RequestFacts(
        visitor=known["visitor"], country=known["country"], language=known["language"], ua=known["ua"]
    )
    read_query(query, "qr", facts)
    visit = prepared.visit(facts, query, now_ms, lambda: EXAMPLE_ID)
    headers = dict(visit.choice.answer.headers)
    assert (view.status, view.location) == (visit.choice.answer.status, headers.get("Location"))
    assert view.counted == (visit.event is not None)
    if visit.event is not None:
        assert (view.destination, view.scan) == (visit.event.destination, bool(visit.event.scan))


@given(query=st.text("qr=01&%", max_size=12), parameter=st.sampled_from(["", "qr", "q"]))
def test_a_scan_is_one_for_console_and_redirector_alike(query: str, parameter: str) -> None:
    facts = RequestFacts()
    read_query(query, parameter, facts)
    assert says(query, parameter) == bool(facts.get("scan"))
