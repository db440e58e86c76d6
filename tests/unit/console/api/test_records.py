"""Campaigns and posts: what a request makes of them, and which ones links call for."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from console.api.index import Index
from console.api.named_records import Campaign, Post, campaign_key, names_on, post_key, posts_prefix
from console.api.problems import Problem
from console.api.record_changes import Save, etag_of_record
from console.api.record_views import record_view
from console.api.record_wire import CampaignPatch, PostPatch
from schemas.links import Link
from tests.unit.console.api.worlds import ACME, ANYBODY, NOW_MS, World

SPRING = Campaign(name="spring")
TEASER = Post(name="teaser", campaign="spring", channel="x")
LINK = Link(
    domain="go.example",
    slug="a",
    destination="https://example.com/",
    account="acme",
    campaign="spring/sale",
    post="teaser",
    channel=" LinkedIn",
    profile="acme",
    aim="awareness",
    post_id="7",
    updated_at_ms=5,
)


def campaign(if_match: str = "", **fields: Any) -> Save:
    return Save(empty=SPRING, body=msgspec.convert(fields, CampaignPatch), caller=ANYBODY, if_match=if_match)


def post(**fields: Any) -> Save:
    return Save(empty=TEASER, body=msgspec.convert(fields, PostPatch), caller=ANYBODY)


def test_a_campaign_is_made_then_changed_then_left_as_it_is() -> None:
    world = World()
    made = world.make(campaign(aim="awareness", starts_at=datetime(2026, 3, 1, tzinfo=UTC)))
    changed = world.make(campaign(state="completed", aim=None))
    again = world.make(campaign(state="completed"))
    assert [(one.status, len(one.writes)) for one in (made, changed, again)] == [(201, 1), (200, 1), (200, 0)]
    assert changed.record is not None
    view = record_view(changed.key, changed.record)
    assert msgspec.to_builtins(view) | {"etag": ""} == {
        "name": "spring",
        "account": "",
        "aim": "",
        "state": "completed",
        "starts_at": "2026-03-01T00:00:00Z",
        "ends_at": None,
        "note": "",
        "created_at": "2026-09-21T14:13:20Z",
        "updated_at": "2026-09-21T14:13:20.001000Z",
        "etag": "",
    }


def test_a_record_is_changed_in_the_state_that_was_read_only() -> None:
    world = World()
    with pytest.raises(Problem) as raised:
        world.make(campaign(if_match='"x"'))
    assert raised.value.status == 412
    made = world.make(campaign()).record
    assert made is not None
    etag = etag_of_record(msgspec.json.decode(made, type=Campaign))
    assert world.make(campaign(if_match=f'"x", {etag}', note="n")).status == 200
    with pytest.raises(Problem):
        world.make(campaign(if_match=etag, note="m"))


def test_a_token_of_an_account_changes_records_of_that_account_only() -> None:
    with pytest.raises(Problem) as raised:
        World().make(Save(empty=SPRING, body=CampaignPatch(), caller=ACME))
    assert raised.value.status == 403
    own = Campaign(name="spring", account="acme")
    assert World().make(Save(empty=own, body=CampaignPatch(), caller=ACME)).status == 201


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        (
            campaign(starts_at=datetime(2026, 3, 2, tzinfo=UTC), ends_at=datetime(2026, 3, 1, tzinfo=UTC)),
            "/ends_at",
        ),
        (campaign(note="a\u202eb"), "/note"),
        (campaign(starts_at=datetime(2200, 1, 1, tzinfo=UTC)), "/starts_at"),
        (Save(empty=Campaign(name=""), body=CampaignPatch(), caller=ANYBODY), "/name"),
        (Save(empty=Campaign(name="x" * 257), body=CampaignPatch(), caller=ANYBODY), "/name"),
        (Save(empty=Campaign(name="a\nb"), body=CampaignPatch(), caller=ANYBODY), "/name"),
        (post(post_url="javascript:alert(1)"), "/post_url"),
        (post(profile="a\nb"), "/profile"),
    ],
)
def test_what_cannot_be_a_record_is_refused_with_the_field(change: Save, pointer: str) -> None:
    with pytest.raises(Problem) as raised:
        World().make(change)
    assert (raised.value.status, raised.value.details.pointer) == (422, pointer)


def test_a_text_has_lines_and_a_campaign_may_be_of_one_moment() -> None:
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    assert World().make(post(text="first\n\tsecond " + "x" * 9_986)).status == 201
    assert World().make(campaign(starts_at=moment, ends_at=moment)).status == 201


def test_no_two_names_share_a_key() -> None:
    assert campaign_key("a/b", "c") != campaign_key("a", "b/c")
    assert post_key("a", "b", "c", "d/e") != post_key("a", "b", "c/d", "e")
    assert post_key("a", "b", " X", "d") == post_key("a", "b", "x", "d")
    assert post_key("a", "b", "x", "d").startswith(posts_prefix("a", "b"))
    assert not post_key("a", "bc", "x", "d").startswith(posts_prefix("a", "b"))


def test_a_link_calls_for_its_campaign_and_its_post_with_what_it_knows() -> None:
    of_campaign, of_post = names_on(LINK)
    assert of_campaign == Campaign(
        name="spring/sale", account="acme", aim="awareness", created_at_ms=5, updated_at_ms=5
    )
    assert isinstance(of_post, Post)
    assert (of_post.channel, of_post.profile, of_post.post_id) == ("linkedin", "acme", "7")
    assert names_on(Link(domain="go.example", slug="a", destination="https://example.com/")) == []


def test_names_that_only_links_have_are_told_until_they_have_a_record(tmp_path: Path) -> None:
    index = Index(tmp_path)
    index.apply_links([(LINK.key, msgspec.json.encode(LINK))], next_offset=1, now_s=1.0)
    index.apply_links([("go.example/b", msgspec.json.encode(LINK))], next_offset=2, now_s=1.0)
    keys = [key for key, _ in index.unrecorded(10)]
    assert keys == [one.key for one in names_on(LINK)]
    index.apply_records([(keys[0], b"{}")], next_offset=1, now_s=1.0)
    assert [key for key, _ in index.unrecorded(10)] == keys[1:]
    index.close()
    again = Index(tmp_path)
    again.apply_links([("go.example/c", msgspec.json.encode(LINK))], next_offset=3, now_s=NOW_MS / 1000)
    assert [key for key, _ in again.unrecorded(10)] == keys[1:]
    again.close()
