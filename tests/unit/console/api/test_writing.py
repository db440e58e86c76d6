"""Who writes, what it decides in one transaction, and what it forgets in time."""

from pathlib import Path
from typing import cast

import msgspec
import pytest
from aiohttp import web
from multidict import CIMultiDict

from console.api.changes import Change, Create, Decision, IdempotentChange, Patch, Upsert, View, Write
from console.api.changing import keyed
from console.api.deciding import PendingView, decide_all
from console.api.election import Assigned, Member, choose_writer
from console.api.following import STALE_AFTER_S, TokenTable, is_stale
from console.api.index import Index, Place
from console.api.operations import CALLER
from console.api.records import answer_key, hash_of_request
from console.api.served import is_answer_of
from console.api.settings import ApiSettings
from console.api.wire import BulkLine, LinkPatch, NewLink
from console.api.writer import expiry
from schemas.links import Link
from schemas.settings import SettingsError
from tests.tokens import token
from tests.unit.console.api.worlds import ANYBODY, NOW_MS, POLICY

LINK = Link(domain="go.example", slug="a", destination="https://example.com/ü")


def test_who_wrote_before_goes_on_and_of_equals_the_first_by_name() -> None:
    members = {"c": Member("http://c", writes=True), "a": Member("http://a", writes=False)}
    assert choose_writer(members) == Assigned("c", "http://c")
    assert choose_writer({name: Member(name, writes=True) for name in "ba"}).member == "a"
    assert choose_writer({"b": Member("b", writes=False)}).member == "b"


class Broken:
    """A request that meets a fault of ours."""

    def decide(self, view: View, now_ms: int) -> Decision:  # noqa: ARG002 - it never gets so far
        raise ZeroDivisionError


def test_changes_of_one_transaction_see_each_other_and_a_fault_is_one_changes_own(tmp_path: Path) -> None:
    index = Index(tmp_path)
    body = NewLink(domain="go.example", slug="a", destination="https://example.com/")
    create = Create(body=body, caller=ANYBODY, policy=POLICY, slug_length=7)
    ring = NewLink(domain="other.example", slug="b", destination="https://go.example/a")
    changes: list[Change] = [
        IdempotentChange(change=create, answer_key="answer/t/k", request_hash="x"),
        IdempotentChange(change=create, answer_key="answer/t/k", request_hash="x"),
        create,
        Broken(),
        Create(body=ring, caller=ANYBODY, policy=POLICY, slug_length=7),
        Patch(key="go.example/a", body=LinkPatch(title="x"), caller=ANYBODY, policy=POLICY),
    ]
    outcomes = decide_all(changes, PendingView(index), NOW_MS)
    results = [(one.problem or one.decision) for one in outcomes]
    assert [one.status for one in results if one is not None] == [201, 201, 409, 500, 422, 200]
    assert [len(one.decision.writes) for one in outcomes if one.decision] == [2, 0, 1]
    index.close()


def test_lines_are_decided_on_the_index_and_on_the_lines_before_them(tmp_path: Path) -> None:
    index = Index(tmp_path)
    there = msgspec.structs.replace(LINK, destination="https://example.com/")
    index.apply_links([(there.key, msgspec.json.encode(there))], next_offset=1, now_s=1.0)

    def line(slug: str, **fields: object) -> Upsert:
        body = msgspec.convert({"domain": "GO.example", "slug": slug, **fields}, BulkLine)
        return Upsert(line=body, caller=ANYBODY, policy=POLICY)

    to = {"destination": "https://example.com/"}
    lines = [
        *(line("a", **to), line("a", title="x"), line("a", title="x")),
        *(line("a", delete=True), line("a", title="y"), line("a", **to)),
        *(line("b", **to), line("b", **to), line("healthz", **to), line("c?", **to)),
    ]
    results = [one.problem or one.decision for one in decide_all(lines, PendingView(index), NOW_MS)]
    assert [one.status for one in results if one is not None] == [
        *(200, 200, 200),
        *(204, 422, 201),
        *(201, 200, 422, 422),
    ]
    index.close()


def test_a_transaction_asks_once_which_domains_have_links_and_knows_those_it_makes(tmp_path: Path) -> None:
    index = Index(tmp_path)
    view = PendingView(index)
    assert not view.has_links("go.example")
    view.add(Write("records", "go.example/a", b"{}"))
    assert not view.has_links("go.example")
    view.add(Write("links", "go.example/a", msgspec.json.encode(LINK)))
    assert (view.has_links("go.example"), view.has_links("go.exampl")) == (True, False)
    index.close()


def test_records_are_forgotten_after_their_time_and_no_others() -> None:
    expired = expiry(answers_ms=1_000, deleted_ms=5_000)
    for key, field, kept in (("answer/t/k", "at_ms", 1_000), ("deleted-link/x/a", "deleted_at_ms", 5_000)):
        value = msgspec.json.encode({field: NOW_MS})
        assert not expired(key, value, NOW_MS + kept)
        assert expired(key, value, NOW_MS + kept + 1)
    for odd in (b"x", b"[]", b'{"at_ms": "x"}', b'{"revoked_at_ms": "x"}'):
        assert not expired("answer/t/k", odd, NOW_MS * 2)


def test_a_share_is_listed_for_thirty_days_after_its_end_however_it_ended() -> None:
    expired = expiry(answers_ms=0, deleted_ms=0)
    kept_ms, later_ms = 30 * 24 * 3_600_000, NOW_MS + 366 * 24 * 3_600_000
    for ended in ({"expires_at_ms": NOW_MS}, {"expires_at_ms": later_ms, "revoked_at_ms": NOW_MS}):
        value = msgspec.json.encode(ended)
        assert not expired("share/a", value, NOW_MS + kept_ms)
        assert expired("share/a", value, NOW_MS + kept_ms + 1)


def test_keys_are_their_tokens_own_and_requests_do_not_run_into_each_other() -> None:
    assert answer_key("a", "k") != answer_key("b", "k")
    assert hash_of_request(b"a", b"bc") != hash_of_request(b"ab", b"c")
    assert hash_of_request(b"a", b"b") == hash_of_request(b"a", b"b")


@pytest.mark.parametrize(
    ("place", "stale"),
    [
        (Place(5, 1_000), False),
        (Place(10, 1_000), False),
        (Place(11, 1_000), True),
        (Place(2, 1_000), False),
        (Place(1, 1_000), True),
        (Place(5, 1_000 - STALE_AFTER_S), False),
        (Place(5, 999 - STALE_AFTER_S), True),
    ],
)
def test_an_index_of_another_topic_or_of_yesterday_is_read_anew(place: Place, stale: bool) -> None:
    assert is_stale(place, 2, 10, now_s=1_000.0) is stale


async def test_only_what_is_a_token_opens_anything() -> None:
    table = TokenTable()
    one = token(1)
    odd = msgspec.json.encode(msgspec.to_builtins(one) | {"roles": ["root"]})
    for changes, known in (
        ([(one.id, msgspec.json.encode(one)), ("x", msgspec.json.encode(one))], {one.id}),
        ([(one.id, odd)], set()),
        ([(one.id, msgspec.json.encode(one))], {one.id}),
        ([(one.id, None)], set()),
    ):
        await table.apply(changes, next_offset=1, now_s=1.0)
        assert set(table.tokens) == known


@pytest.mark.parametrize(
    ("link", "status", "location", "answered"),
    [
        (LINK, 302, "https://example.com/%C3%BC", True),
        (LINK, 301, "https://example.com/%C3%BC", False),
        (LINK, 302, "https://example.com/", False),
        (LINK, 404, "", False),
        (LINK, 508, "", True),
        (None, 404, "", True),
        (None, 302, "https://example.com/%C3%BC", False),
        (msgspec.structs.replace(LINK, expires_at_ms=NOW_MS), 410, "", True),
        (msgspec.structs.replace(LINK, expires_at_ms=NOW_MS + 1), 410, "", False),
    ],
)
def test_a_change_is_served_once_the_redirector_answers_so(
    link: Link | None, status: int, location: str, answered: bool
) -> None:
    assert is_answer_of(link, status, location, NOW_MS) is answered


def test_settings_of_the_api_are_checked_at_the_start() -> None:
    assert ApiSettings.load({"CLICKTALLY_API_DOMAINS": "GO.example, ü.example"}).domains == (
        "go.example",
        "xn--tda.example",
    )
    for name, value in (
        ("DOMAINS", "a b"),
        ("DOMAINS", "[::1]"),
        ("REDIRECTOR_URL", "serve:8080"),
        ("SLUG_LENGTH", "4"),
    ):
        with pytest.raises(SettingsError):
            ApiSettings.load({f"CLICKTALLY_API_{name}": value})


class Asked(dict[object, object]):
    """A request as aiohttp makes it of bytes that are no UTF-8."""

    method = "PATCH"
    raw_path = "/v1/links/go.example/a"
    headers = CIMultiDict({"Idempotency-Key": "k", "If-Match": "x\udcfb"})


def test_bytes_of_a_header_that_are_no_text_are_no_fault() -> None:
    request = cast(web.Request, Asked({CALLER: ANYBODY}))
    assert isinstance(keyed(request, Broken(), b""), IdempotentChange)
