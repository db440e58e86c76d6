from typing import Any

import pytest

from redirector.serve.lookup import Lookup, LoopError
from redirector.serve.prepared import Visit
from redirector.serve.request_facts import RequestFacts
from schemas.events import Click
from schemas.links import Link, Rules
from schemas.rules import EARLY, EXPIRED, LinkRules, Rule, Variant, compiled_form
from tests.unit.redirector.serve.fakes import FakeLinks

HOME = "https://example.com/"
B = Variant(number=1, name="b", destination="https://example.com/b?x=1")
KEPT, NOT_KEPT = "private, max-age=60", "private, no-store"


def link(slug: str = "spring", *, destination: str = HOME, rules: LinkRules | None = None, **fields: Any) -> Link:
    """A link of go.example."""
    if rules is None:
        return Link(domain="go.example", slug=slug, destination=destination, **fields)
    compiled = Rules(v=1, compiled=compiled_form(rules))
    return Link(domain="go.example", slug=slug, destination=destination, rules=compiled, v=2, **fields)


def visit(of: Link, facts: RequestFacts | None = None, query: str = "", now_ms: int = 1000) -> Visit:
    """What comes of a request for it."""
    lookup = Lookup(FakeLinks(of), pixel_format="gif", keep=9, refresh_ms=50, now_ms=now_ms, scan_parameter="qr")
    prepared = lookup.find("go.example", f"/{of.slug}?{query}", now_ms)
    assert prepared is not None
    return prepared.visit(facts or {}, query, now_ms, lambda: "an-id")


def led_to(of: Link, facts: RequestFacts | None = None, query: str = "", now_ms: int = 1000) -> tuple[str, int]:
    """Where a request is led, and the destination that its click is kept with."""
    outcome = visit(of, facts, query, now_ms)
    assert isinstance(outcome.event, Click)
    assert outcome.choice.outcome == "redirected"
    assert f"Location: {outcome.choice.answer.headers[0][1]}\r\n".encode() in outcome.choice.head
    return outcome.choice.answer.headers[0][1], outcome.event.destination


def cache_control(of: Link, facts: RequestFacts | None = None, query: str = "", now_ms: int = 1000) -> str:
    """What browsers are told."""
    return dict(visit(of, facts, query, now_ms).choice.answer.headers)["Cache-Control"]


def test_variants_answer_by_their_weights_and_are_told_apart_in_the_click() -> None:
    split = link(rules=LinkRules(weight=1, variants=(B,)))
    answers = {led_to(split, {"visitor": visitor}) for visitor in range(1, 50)}
    assert answers == {(HOME, 0), (B.destination, 1)}
    assert {led_to(link(rules=LinkRules(weight=0, variants=(B,)))) for _ in range(9)} == {(B.destination, 1)}


def test_a_rule_answers_whom_it_fits() -> None:
    german = Rule(number=2, name="german", destination="https://example.com/de", countries=("DE",))
    ruled = link(rules=LinkRules(rules=(german,)))
    assert led_to(ruled, {"country": "DE"}) == ("https://example.com/de", 2)
    assert led_to(ruled, {"country": "FR"}) == (HOME, 0)


@pytest.mark.parametrize(
    ("now_ms", "status", "destination"), [(99, 404, None), (100, 302, 0), (199, 302, 0), (200, 410, None)]
)
def test_outside_of_its_schedule_a_link_is_not_there(now_ms: int, status: int, destination: int | None) -> None:
    outcome = visit(link(rules=LinkRules(starts_at_ms=100), expires_at_ms=200), now_ms=now_ms)
    assert outcome.choice.answer.status == status
    assert (None if outcome.event is None else outcome.event.destination) == destination


@pytest.mark.parametrize(("status", "for_now"), [(301, 302), (302, 302), (303, 303), (307, 307), (308, 307)])
def test_a_fallback_is_a_click_with_a_number_of_its_own(status: Any, for_now: int) -> None:
    rules = LinkRules(
        starts_at_ms=100,
        early_destination="https://example.com/soon",
        expired_destination="https://example.com/over",
    )
    scheduled = link(rules=rules, expires_at_ms=200, status=status, cache_s=60)
    assert led_to(scheduled, now_ms=99) == ("https://example.com/soon", EARLY)
    assert led_to(scheduled, now_ms=200) == ("https://example.com/over", EXPIRED)
    assert [visit(scheduled, now_ms=now_ms).choice.answer.status for now_ms in (99, 150, 200)] == [
        for_now,
        status,
        status,
    ]
    assert [cache_control(scheduled, now_ms=now_ms) for now_ms in (99, 200)] == [NOT_KEPT] * 2


def test_the_query_goes_on_where_the_link_says_so_without_the_mark_of_a_scan() -> None:
    rules = LinkRules(weight=0, variants=(B,), pass_query=True, utm_source="news", utm_medium="mail")
    assert led_to(link(rules=rules), query="qr=1") == (
        "https://example.com/b?x=1&utm_source=news&utm_medium=mail",
        1,
    )
    assert led_to(link(rules=rules), query="x=2&utm_source=visit&qr=1") == (
        "https://example.com/b?utm_medium=mail&x=2&utm_source=visit",
        1,
    )
    alone = LinkRules(utm_source="news", utm_medium="mail")
    assert led_to(link(rules=alone), query="x=2&utm_source=visit") == (f"{HOME}?utm_source=news&utm_medium=mail", 0)
    assert led_to(link(), query="x=2") == (HOME, 0)


def test_a_redirect_may_be_kept_by_the_browser_as_long_as_the_link_lasts() -> None:
    cached = link(cache_s=60, expires_at_ms=61_000)
    assert cache_control(cached, now_ms=1000) == KEPT
    assert cache_control(cached, now_ms=1001) == NOT_KEPT
    assert cache_control(link(cache_s=60)) == KEPT
    assert cache_control(link()) == NOT_KEPT


def test_what_was_fetched_ahead_is_not_kept() -> None:
    assert cache_control(link(cache_s=60), {"purpose": "prefetch"}) == NOT_KEPT
    passed = link(cache_s=60, rules=LinkRules(pass_query=True))
    assert cache_control(passed, {"purpose": "prefetch"}, query="x=1") == NOT_KEPT
    assert cache_control(passed, query="x=1") == KEPT
    assert led_to(passed, query="x=1") == (f"{HOME}?x=1", 0)


def test_a_destination_is_told_the_id_that_its_click_is_kept_with() -> None:
    told = link(cache_s=60, click_id_parameter="ct_click", destination=f"{HOME}?ct_click=own")
    assert led_to(told, query="ct_click=mine&x=1") == (f"{HOME}?ct_click=an-id", 0)
    assert cache_control(told) == NOT_KEPT
    event = visit(told).event
    assert isinstance(event, Click)
    assert event.click_id == "an-id"


def test_every_destination_of_a_link_is_told_the_id_and_the_query_where_it_goes_on() -> None:
    rules = LinkRules(weight=0, variants=(B,), pass_query=True, expired_destination="https://example.com/over")
    told = link(rules=rules, click_id_parameter="ct", expires_at_ms=200)
    assert led_to(told, query="x=2&qr=1&ct=mine", now_ms=199) == ("https://example.com/b?x=2&ct=an-id", 1)
    assert led_to(told, now_ms=200) == ("https://example.com/over?ct=an-id", EXPIRED)
    over = visit(link(click_id_parameter="ct", expires_at_ms=200), now_ms=200)
    assert (over.choice.answer.status, over.event) == (410, None)


def test_where_nothing_is_counted_no_destination_is_told_an_id() -> None:
    lookup = Lookup(
        FakeLinks(link(click_id_parameter="ct")), pixel_format="gif", keep=9, refresh_ms=50, now_ms=1000
    )
    told = lookup.find("go.example", "/spring", 1000)
    assert told is not None
    outcome = told.visit({}, "", 1000, lambda: "")
    assert (dict(outcome.choice.answer.headers)["Location"], outcome.event) == (HOME, None)


def test_a_ring_over_any_destination_is_refused() -> None:
    over_a_variant = link(
        rules=LinkRules(variants=(Variant(number=1, name="b", destination="https://a.example/"),))
    )
    back = Link(domain="a.example", slug="", destination="https://go.example/spring")
    lookup = Lookup(FakeLinks(over_a_variant, back), pixel_format="gif", keep=9, refresh_ms=50, now_ms=1000)
    with pytest.raises(LoopError):
        lookup.find("go.example", "/spring", 1000)


def test_many_ways_through_own_links_are_looked_at_once_each() -> None:
    def fan(level: int) -> Link:
        return Link(
            domain="go.example",
            slug=f"{level}",
            destination=f"https://go.example/{level + 1}",
            rules=Rules(
                v=1,
                compiled=compiled_form(
                    LinkRules(
                        variants=tuple(
                            Variant(number=n, name=f"{n}", destination=f"https://go.example/{level + 1}?{n}")
                            for n in range(1, 20)
                        )
                    )
                ),
            ),
            v=2,
        )

    links = FakeLinks(*(fan(level) for level in range(7)), link("7"))
    lookup = Lookup(links, pixel_format="gif", keep=9, refresh_ms=50, now_ms=1000)
    assert lookup.find("go.example", "/0", 1000) is not None
    assert links.gets == 8


def test_links_that_lead_on_to_too_many_others_are_taken_for_a_ring() -> None:
    def wide(slug: str, others: range) -> Link:
        variants = tuple(
            Variant(number=n + 1, name=f"{n}", destination=f"https://go.example/{n}") for n in others[:26]
        )
        return link(slug, rules=LinkRules(variants=variants))

    leaves = [link(f"{n}") for n in range(2000)]
    roots = [wide(f"root{n}", range(n * 26, n * 26 + 26)) for n in range(9)]
    top = link(
        "top",
        rules=LinkRules(
            variants=tuple(
                Variant(number=n + 1, name=f"{n}", destination=f"https://go.example/root{n}") for n in range(9)
            )
        ),
    )
    lookup = Lookup(FakeLinks(top, *roots, *leaves), pixel_format="gif", keep=9, refresh_ms=50, now_ms=1000)
    assert lookup.find("go.example", "/root0", 1000) is not None
    with pytest.raises(LoopError):
        lookup.find("go.example", "/top", 1000)


def test_a_pixel_of_a_link_with_rules_is_a_pixel() -> None:
    lookup = Lookup(
        FakeLinks(link(rules=LinkRules(variants=(B,)))), pixel_format="gif", keep=9, refresh_ms=50, now_ms=1000
    )
    pixel = lookup.find("go.example", "/i/spring.gif", 1000)
    assert pixel is not None
    outcome = pixel.visit({}, "", 1000, lambda: "")
    assert (outcome.choice.outcome, outcome.event is None) == ("pixel", False)
