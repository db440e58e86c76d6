"""Variants, rules, schedule and parameters of a link as the API takes, checks and shows them."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from console.api.changes import Create, Patch, Restore, Upsert
from console.api.changes import Delete as DeleteLink
from console.api.link_views import etag_of, view_of
from console.api.policy import Policy
from console.api.problems import Problem
from console.api.served import is_answer_of
from console.api.wire import BulkLine, LinkPatch, NewLink
from schemas.links import Link
from schemas.rules import NO_RULES
from tests.unit.console.api.worlds import ANYBODY, NOW_MS, POLICY, World

HOME = "https://example.com/"
B = {"name": "b", "destination": "https://example.com/b"}
GERMAN = {"name": "german", "destination": "https://example.com/de", "countries": ["DE"]}
KEY = "go.example/a"


def made(world: World, policy: Policy = POLICY, **fields: Any) -> Link:
    body = msgspec.convert({"domain": "go.example", "slug": "a", "destination": HOME} | fields, NewLink)
    link = world.make(Create(body=body, caller=ANYBODY, policy=policy, slug_length=7)).link
    assert link is not None
    return link


def patched(world: World, **fields: Any) -> Link:
    body = msgspec.convert(fields, LinkPatch)
    link = world.make(Patch(key=KEY, body=body, caller=ANYBODY, policy=POLICY)).link
    assert link is not None
    return link


def test_a_link_is_made_with_all_that_it_says() -> None:
    link = made(
        World(),
        variants=[B, {"name": "c", "destination": "https://example.com/c", "weight": 0}],
        weight=3,
        rules=[GERMAN],
        starts_at=datetime(2026, 1, 1, tzinfo=UTC),
        early_destination="https://example.com/soon",
        pass_query=True,
        utm_source=" news ",
        cache_s=60,
    )
    view = view_of(link)
    assert [(one.number, one.name, one.weight) for one in view.variants] == [(1, "b", 1), (2, "c", 0)]
    assert [(one.number, one.countries, one.devices) for one in view.rules] == [(3, ("DE",), ())]
    assert (view.weight, view.utm_source, view.pass_query, view.add_utm) == (3, "news", True, True)
    assert (view.starts_at, view.early_destination) == (
        datetime(2026, 1, 1, tzinfo=UTC),
        "https://example.com/soon",
    )
    assert (link.v, link.cache_s, link.said.split_at_ms) == (2, 60, NOW_MS)
    assert len(view.warnings) == 2
    assert "60 s" in view.warnings[0]


def test_a_link_that_says_nothing_of_it_is_written_as_ever() -> None:
    link = made(World(), variants=[], weight=1, pass_query=False, add_utm=True, utm_term="", cache_s=0)
    assert (link.v, link.rules, view_of(link).warnings) == (1, None, ())


def test_a_patch_changes_what_it_names_of_the_rules_and_null_empties_it() -> None:
    world = World()
    made(world, variants=[B], rules=[GERMAN], utm_source="news", pass_query=True)
    link = patched(world, weight=5)
    assert (link.said.weight, link.said.utm_source, len(link.said.rules)) == (5, "news", 1)
    link = patched(world, variants=None, weight=None, rules=None, utm_source=None)
    assert (link.said.variants, link.said.rules, link.said.pass_query) == ((), (), True)
    assert [(one.number, one.name) for one in view_of(link).retired] == [(1, "b"), (2, "german")]
    link = patched(world, variants=[{**B, "name": "c"}])
    assert [one.number for one in link.said.variants] == [3]


def test_a_patch_that_says_what_is_so_writes_nothing() -> None:
    world = World()
    link = made(world, variants=[B], rules=[GERMAN], starts_at=datetime(2026, 1, 1, tzinfo=UTC))
    same = patched(world, variants=[B], rules=[{**GERMAN, "number": 2}], pass_query=None)
    assert etag_of(same) == etag_of(link)
    assert same.updated_at_ms == link.updated_at_ms


def test_a_link_whose_rules_go_is_one_without_again() -> None:
    world = World()
    made(world, utm_source="news")
    link = patched(world, utm_source=None)
    assert (link.v, link.rules, link.said) == (1, None, NO_RULES)


def test_a_deleted_link_comes_back_with_its_rules() -> None:
    world = World()
    before = made(world, variants=[B])
    world.make(DeleteLink(key=KEY, caller=ANYBODY))
    link = world.make(Restore(key=KEY, caller=ANYBODY, policy=POLICY)).link
    assert link is not None
    assert (link.rules, link.v) == (before.rules, 2)


def test_a_line_of_a_bulk_has_them_too_and_changes_nothing_a_second_time() -> None:
    world = World()
    body = msgspec.convert(
        {"domain": "go.example", "slug": "a", "destination": HOME, "variants": [B], "pass_query": True}, BulkLine
    )
    line = Upsert(line=body, caller=ANYBODY, policy=POLICY)
    assert [world.make(line).status for _ in range(2)] == [201, 200]
    assert not world.make(line).writes


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"variants": [{**B, "destination": "http://127.0.0.1/"}]}, "/variants/0/destination"),
        ({"variants": [B, {"name": "c", "destination": "https://go.example/a"}]}, "/variants/1/destination"),
        ({"variants": [B, {"name": "c", "destination": "https://go.example/b"}]}, "/variants/1/destination"),
        ({"variants": [{**B, "destination": "https://bank.example@evil.example/"}]}, "/variants/0/destination"),
        ({"variants": [{**B, "destination": "https://a.example/\r\nSet-Cookie: a"}]}, "/variants/0/destination"),
        ({"variants": [{**B, "destination": "javascript:alert(1)"}]}, "/variants/0/destination"),
        ({"variants": [B, B]}, "/variants/1/name"),
        ({"variants": [{**B, "name": "b\u202e"}]}, "/variants/0/name"),
        ({"variants": [{**B, "weight": 0}], "weight": 0}, "/weight"),
        ({"variants": [{**B, "number": 1}], "rules": [{**GERMAN, "number": 1}]}, "/rules/0/number"),
        ({"rules": [{**GERMAN, "destination": "http://[::ffff:10.0.0.1]/"}]}, "/rules/0/destination"),
        ({"rules": [{**GERMAN, "countries": []}]}, "/rules/0"),
        ({"expired_destination": "http://localhost/"}, "/expired_destination"),
        ({"expired_destination": "https://go.example/a"}, "/expired_destination"),
        ({"early_destination": "https://example.com/"}, "/early_destination"),
        ({"utm_source": "a\nb"}, "/utm_source"),
        ({"starts_at": datetime(2201, 1, 1, tzinfo=UTC)}, "/starts_at"),
        (
            {"rules": [{**GERMAN, "name": f"{n}", "destination": f"{HOME}{'x' * 8000}"} for n in range(9)]},
            "/rules",
        ),
    ],
)
def test_every_destination_is_checked_as_the_first_one_is(fields: dict[str, Any], pointer: str) -> None:
    world = World()
    with pytest.raises(Problem) as raised:
        made(world, **fields)
    assert (raised.value.status, raised.value.details.pointer) == (422, pointer)
    assert not world.values


def test_what_is_allowed_is_allowed_everywhere() -> None:
    policy = Policy(internal_destinations=True, own_destinations=True)
    link = made(
        World(),
        policy,
        variants=[{"name": "b", "destination": "http://127.0.0.1/"}, {"name": "c", "destination": "app://open"}],
        expired_destination="https://go.example/other",
        expires_at=datetime(2027, 1, 1, tzinfo=UTC),
    )
    assert view_of(link).warnings == ()


@pytest.mark.parametrize(
    ("fields", "part"),
    [
        ({"status": 301, "variants": [B]}, "302 or 307"),
        (
            {"starts_at": datetime(2027, 1, 1, tzinfo=UTC), "expires_at": datetime(2027, 1, 1, tzinfo=UTC)},
            "before it starts",
        ),
        ({"expired_destination": HOME}, "does not end"),
        ({"cache_s": 1}, "not counted"),
    ],
)
def test_who_makes_a_link_is_warned_of_what_may_not_be_meant(fields: dict[str, Any], part: str) -> None:
    (warning,) = view_of(made(World(), **fields)).warnings
    assert part in warning


@pytest.mark.parametrize(
    ("fields", "status", "location", "answered"),
    [
        ({"variants": [B]}, 302, HOME, True),
        ({"variants": [B]}, 302, "https://example.com/b", True),
        ({"variants": [B]}, 302, "https://example.com/c", False),
        ({"variants": [B]}, 301, HOME, False),
        ({"utm_source": "a b"}, 302, f"{HOME}?utm_source=a+b", True),
        ({"utm_source": "a b"}, 302, HOME, False),
        ({"starts_at": datetime(2100, 1, 1, tzinfo=UTC)}, 404, "", True),
        ({"starts_at": datetime(2100, 1, 1, tzinfo=UTC)}, 302, HOME, False),
        (
            {
                "starts_at": datetime(2100, 1, 1, tzinfo=UTC),
                "early_destination": "https://b.example/",
                "status": 301,
            },
            302,
            "https://b.example/",
            True,
        ),
        (
            {"expires_at": datetime(2001, 1, 1, tzinfo=UTC), "expired_destination": "https://b.example/"},
            302,
            "https://b.example/",
            True,
        ),
        ({"expires_at": datetime(2001, 1, 1, tzinfo=UTC)}, 410, "", True),
    ],
)
def test_a_redirector_is_believed_whichever_destination_it_chose(
    fields: dict[str, Any], status: int, location: str, answered: bool
) -> None:
    assert is_answer_of(made(World(), **fields), status, location, NOW_MS) is answered
