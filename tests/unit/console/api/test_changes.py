"""What requests make of links, decided without any I/O."""

import itertools
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from console.api.callers import Caller
from console.api.changes import Create, Delete, IdempotentChange, Patch, Restore, Upsert
from console.api.link_views import etag_of, view_of
from console.api.policy import Policy
from console.api.problems import Problem
from console.api.wire import BulkLine, LinkPatch, NewLink
from schemas.links import Link
from tests.unit.console.api.worlds import ACME, ANYBODY, NOW_MS, POLICY, World

HOME = "https://example.com/"


def create(caller: Caller = ANYBODY, policy: Policy = POLICY, **fields: Any) -> Create:
    body = msgspec.convert({"domain": "go.example", "destination": HOME} | fields, NewLink)
    return Create(body=body, caller=caller, policy=policy, slug_length=7)


def patch(key: str, caller: Caller = ANYBODY, if_match: str = "", **fields: Any) -> Patch:
    return Patch(key=key, body=msgspec.convert(fields, LinkPatch), caller=caller, policy=POLICY, if_match=if_match)


def line(caller: Caller = ANYBODY, **fields: Any) -> Upsert:
    body = msgspec.convert({"domain": "go.example", "slug": "a"} | fields, BulkLine)
    return Upsert(line=body, caller=caller, policy=POLICY)


def made(world: World, **fields: Any) -> Link:
    link = world.make(create(slug="a", **fields)).link
    assert link is not None
    return link


def test_a_link_is_made_as_it_is_asked() -> None:
    link = made(World(), title=" Spring ", tags=["x"], expires_at=datetime(2027, 1, 1, tzinfo=UTC), status=301)
    assert (link.key, link.title, link.tags, link.status) == ("go.example/a", "Spring", ("x",), 301)
    assert (link.created_at_ms, link.updated_at_ms) == (NOW_MS, NOW_MS)
    assert view_of(link).expires_at == datetime(2027, 1, 1, tzinfo=UTC)


def test_a_slug_is_made_up_of_letters_that_nobody_mistakes_and_is_free() -> None:
    world = World()
    letters = itertools.chain("aaaaaaa", "aaaaaaa", itertools.repeat("b"))
    for slug in ("aaaaaaa", "bbbbbbb"):
        body = NewLink(domain="go.example", destination=HOME)
        change = Create(body=body, caller=ANYBODY, policy=POLICY, slug_length=7, choose=lambda _: next(letters))
        assert world.make(change).key == f"go.example/{slug}"


def test_a_slug_is_never_made_up_that_a_deleted_link_may_come_back_to() -> None:
    world = World()
    world.make(create(slug="aaaaa"))
    world.make(Delete(key="go.example/aaaaa", caller=ANYBODY))
    letters = itertools.chain("aaaaa", itertools.repeat("b"))
    body = NewLink(domain="go.example", destination=HOME)
    change = Create(body=body, caller=ANYBODY, policy=POLICY, slug_length=5, choose=lambda _: next(letters))
    assert world.make(change).key == "go.example/bbbbb"


def test_where_every_slug_is_taken_somebody_is_told() -> None:
    world = World()
    for length in range(5, 11):
        world.make(create(slug="a" * length))
    body = NewLink(domain="go.example", destination=HOME)
    change = Create(body=body, caller=ANYBODY, policy=POLICY, slug_length=5, choose=lambda _: "a")
    with pytest.raises(Problem, match="no free slug"):
        world.make(change)


def test_a_name_is_taken_once() -> None:
    world = World()
    made(world)
    with pytest.raises(Problem, match=r"there is a link go\.example/a") as raised:
        made(world)
    assert (raised.value.status, raised.value.details.pointer) == (409, "/slug")


def test_a_domain_that_is_not_named_is_the_first_of_the_installation() -> None:
    body = NewLink(destination=HOME, slug="a")
    policy = Policy(domains=("one.example", "two.example"))
    assert World().make(Create(body=body, caller=ANYBODY, policy=policy, slug_length=7)).key == "one.example/a"
    for wrong in (Policy(), policy):
        other = msgspec.structs.replace(body, domain="three.example") if wrong.domains else body
        with pytest.raises(Problem) as raised:
            World().make(Create(body=other, caller=ANYBODY, policy=wrong, slug_length=7))
        assert raised.value.details.pointer == "/domain"


def test_a_patch_changes_what_it_names_null_empties_and_the_rest_stays() -> None:
    world = World()
    before = made(world, title="Spring", tags=["x"], status=301, campaign="c")
    after = world.make(patch(before.key, title="Autumn", tags=None, status=None)).link
    assert after is not None
    assert (after.title, after.tags, after.status, after.campaign) == ("Autumn", (), 302, "c")
    assert after.updated_at_ms > before.updated_at_ms


def test_a_patch_that_changes_nothing_writes_nothing() -> None:
    world = World()
    before = made(world, title="Spring")
    decision = world.make(patch(before.key, title="Spring"))
    assert (decision.writes, decision.link) == ((), before)


def test_two_changes_of_one_millisecond_have_two_etags() -> None:
    world = World()
    before = made(world)
    tags = set()
    for title in ("a", "", "a"):
        world.now_ms = NOW_MS
        link = world.make(patch(before.key, title=title)).link
        assert link is not None
        tags.add(etag_of(link))
    assert len(tags) == 3


def test_only_the_state_that_was_read_is_changed() -> None:
    world = World()
    before = made(world)
    world.make(patch(before.key, if_match=f'"other", {etag_of(before)}', title="b"))
    for change in (
        patch(before.key, if_match=etag_of(before), title="c"),
        Delete(key=before.key, caller=ANYBODY, if_match=etag_of(before)),
    ):
        with pytest.raises(Problem) as raised:
            world.make(change)
        assert raised.value.status == 412
    assert world.make(patch(before.key, if_match="*", title="c")).status == 200


def test_what_is_archived_says_when_and_is_fetched_back() -> None:
    world = World()
    key = made(world).key
    archived = world.make(patch(key, archived=True)).link
    assert archived is not None
    assert archived.archived_at_ms == NOW_MS + 1
    assert world.make(patch(key, archived=True)).writes == ()
    back = world.make(patch(key, archived=False)).link
    assert back is not None
    assert back.archived_at_ms is None


def test_a_deleted_link_comes_back_as_it_was() -> None:
    world = World()
    before = made(world, title="Spring")
    assert world.make(Delete(key=before.key, caller=ANYBODY)).status == 204
    assert world.link(before.key) is None
    after = world.make(Restore(key=before.key, caller=ANYBODY, policy=POLICY)).link
    assert after is not None
    assert msgspec.structs.replace(after, updated_at_ms=before.updated_at_ms) == before
    with pytest.raises(Problem, match="no deleted link"):
        world.make(Restore(key=before.key, caller=ANYBODY, policy=POLICY))


def test_a_link_is_restored_in_a_state_that_it_never_had_though_clocks_differ() -> None:
    world = World()
    before = made(world)
    world.make(Delete(key=before.key, caller=ANYBODY))
    world.now_ms = before.updated_at_ms
    after = world.make(Restore(key=before.key, caller=ANYBODY, policy=POLICY)).link
    assert after is not None
    assert after.updated_at_ms == before.updated_at_ms + 1


def test_a_deleted_link_does_not_take_its_name_from_another() -> None:
    world = World()
    key = made(world).key
    world.make(Delete(key=key, caller=ANYBODY))
    made(world, title="new")
    with pytest.raises(Problem) as raised:
        world.make(Restore(key=key, caller=ANYBODY, policy=POLICY))
    assert raised.value.status == 409


def test_a_line_makes_then_changes_then_deletes_and_a_second_time_nothing() -> None:
    world = World()
    steps = [
        (line(destination=HOME), 201, 1),
        (line(destination=HOME), 200, 0),
        (line(title="x"), 200, 1),
        (line(delete=True), 204, 2),
        (line(delete=True), 204, 0),
    ]
    for change, status, writes in steps:
        decision = world.make(change)
        assert (decision.status, len(decision.writes)) == (status, writes)
    with pytest.raises(Problem, match="needs a destination"):
        world.make(line(title="x"))


def test_what_belongs_to_others_is_not_there_and_its_name_is_taken() -> None:
    world = World()
    key = made(world, account="other").key
    for change in (
        patch(key, ACME, title="x"),
        Delete(key=key, caller=ACME),
    ):
        with pytest.raises(Problem) as raised:
            world.make(change)
        assert raised.value.status == 404
    with pytest.raises(Problem) as raised:
        world.make(line(ACME, title="x"))
    assert raised.value.status == 409
    world.make(Delete(key=key, caller=ANYBODY))
    with pytest.raises(Problem) as raised:
        world.make(Restore(key=key, caller=ACME, policy=POLICY))
    assert raised.value.status == 404


def test_a_token_of_an_account_makes_links_of_that_account_only() -> None:
    world = World()
    link = world.make(create(ACME, slug="mine")).link
    assert link is not None
    assert link.account == "acme"
    for change in (
        create(ACME, account="other"),
        patch(link.key, ACME, account="other"),
        patch(link.key, ACME, account=None),
    ):
        with pytest.raises(Problem) as raised:
            world.make(change)
        assert (raised.value.status, raised.value.details.pointer) == (403, "/account")


def test_a_key_answers_the_same_request_as_before_and_refuses_another() -> None:
    world = World()
    first = world.make(IdempotentChange(change=create(), answer_key="answer/t/k", request_hash="x"))
    again = world.make(IdempotentChange(change=create(), answer_key="answer/t/k", request_hash="x"))
    assert (again.writes, again.replayed, again.link, again.status) == ((), True, first.link, 201)
    with pytest.raises(Problem) as raised:
        world.make(IdempotentChange(change=create(), answer_key="answer/t/k", request_hash="y"))
    assert raised.value.name == "key-reused"
    assert world.make(IdempotentChange(change=create(), answer_key="answer/t/l", request_hash="y")).key != first.key


def test_a_key_of_a_refused_request_is_free_again() -> None:
    world = World()
    with pytest.raises(Problem):
        world.make(IdempotentChange(change=create(slug="v1/x"), answer_key="answer/t/k", request_hash="x"))
    assert (
        world.make(IdempotentChange(change=create(slug="fine"), answer_key="answer/t/k", request_hash="y")).status
        == 201
    )


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"destination": " "}, "/destination"),
        ({"destination": "javascript:alert(1)"}, "/destination"),
        ({"destination": "https://x.com/\r\nSet-Cookie: a=b"}, "/destination"),
        ({"destination": "https://good.com@evil.com/"}, "/destination"),
        ({"destination": "http://localhost/"}, "/destination"),
        ({"destination": "http://2130706433/"}, "/destination"),
        ({"destination": "http://0x7f.1/"}, "/destination"),
        ({"destination": "http://[::ffff:10.0.0.1]/"}, "/destination"),
        ({"destination": "http://169.254.169.254/latest/meta-data"}, "/destination"),
        ({"destination": "http://wiki.internal./"}, "/destination"),
        ({"destination": "https://go.example/other"}, "/destination"),
        ({"destination": "https://\uff27\uff2f.example/other"}, "/destination"),
        ({"slug": "a%0d%0ab"}, "/slug"),
        ({"slug": "a%00"}, "/slug"),
        ({"slug": "%2e%2e/x"}, "/slug"),
        ({"slug": "a\u202eb"}, "/slug"),
        ({"slug": "a\u200bb"}, "/slug"),
        ({"slug": "u\u0308"}, "/slug"),
        ({"slug": "healthz"}, "/slug"),
        ({"slug": "a?b"}, "/slug"),
        ({"domain": "a b"}, "/domain"),
        ({"domain": "-a.example"}, "/domain"),
        ({"domain": "http://go.example"}, "/domain"),
        ({"title": "a\nb"}, "/title"),
        ({"campaign": "a\u2028b"}, "/campaign"),
        ({"tags": ["fine", "a\u202e"]}, "/tags/1"),
        ({"tags": ["a", "a"]}, "/tags"),
        ({"origins": ["https://x.example", "x"]}, "/origins/1"),
        ({"post_url": "nowhere"}, "/post_url"),
        ({"expires_at": datetime(2200, 1, 1, tzinfo=UTC)}, "/expires_at"),
        ({"published_at": datetime(1969, 12, 31, tzinfo=UTC)}, "/published_at"),
    ],
)
def test_what_cannot_be_a_link_is_refused_with_the_field(fields: dict[str, Any], pointer: str) -> None:
    with pytest.raises(Problem) as raised:
        World().make(create(**fields))
    assert (raised.value.status, raised.value.details.pointer) == (422, pointer), raised.value.details.detail


@pytest.mark.parametrize(
    "fields",
    [
        {"destination": f"https://x.com/{'a' * 8178}"},
        {"expires_at": datetime(2199, 12, 31, tzinfo=UTC), "published_at": datetime(1970, 1, 1, tzinfo=UTC)},
        {"slug": ""},
        {"slug": "über/a%20b"},
        {"title": "👩‍👩‍👧 =1+1", "tags": [str(number) for number in range(32)]},
        {"destination": "mailto:a@example.com"},
        {"destination": "http://8.8.8.8/"},
    ],
)
def test_what_is_at_the_limits_is_taken(fields: dict[str, Any]) -> None:
    assert World().make(create(**fields)).status == 201


def test_an_installation_can_allow_what_is_refused_by_default() -> None:
    policy = Policy(internal_destinations=True, own_destinations=True)
    world = World()
    world.make(create(policy=policy, slug="a", destination="http://10.0.0.1/"))
    world.make(create(policy=policy, slug="b", destination="https://go.example/a"))
    with pytest.raises(Problem, match="the link itself"):
        world.make(create(policy=policy, slug="c", destination="https://go.example/c"))


def test_an_answer_to_a_long_value_is_short() -> None:
    with pytest.raises(Problem) as raised:
        World().make(create(destination=f"https://{'a' * 8000}/"))
    assert len(raised.value.details.detail) < 500
