"""The demo's fortnight: the same by a seed, with everything in it that the page is to show."""

import itertools
import json
import random
from collections import Counter, defaultdict

import msgspec
import pytest

from deploy.local.demo.cast import CAMPAIGNS, CHANNELS, DAY_MS, HOUR_MS, Post, cast
from deploy.local.demo.traffic import clicks, lines, told, total
from schemas.events import Click

NOW_MS = 1_795_600_000_000
START_MS = (NOW_MS - 14 * DAY_MS) // HOUR_MS * HOUR_MS
POSTS = cast(1, START_MS, 14)


def all_clicks(seed: int, posts: list[Post]) -> list[bytes]:
    rng = random.Random(seed)
    return [lines(clicks(post, rng, NOW_MS), 1) for post in posts]


def test_a_seed_makes_the_same_fortnight_and_another_seed_another() -> None:
    assert cast(1, START_MS, 14) == POSTS
    assert cast(2, START_MS, 14) != POSTS
    assert all_clicks(1, POSTS) == all_clicks(1, POSTS)
    assert all_clicks(2, POSTS) != all_clicks(1, POSTS)


@pytest.mark.parametrize("days", [2, 14, 60])
def test_four_campaigns_and_six_channels_take_part_with_links_of_their_own(days: int) -> None:
    start_ms = NOW_MS - days * DAY_MS
    posts = cast(1, start_ms, days)
    assert {post.campaign for post in posts} == {campaign.name for campaign in CAMPAIGNS}
    assert {post.channel for post in posts} == set(CHANNELS)
    assert len({post.slug for post in posts}) == len(posts)
    assert len({(post.campaign, post.channel.name, post.name) for post in posts}) == len(posts)
    assert all(start_ms <= post.published_ms < NOW_MS for post in posts)
    assert {post.aim for post in posts} == {"", "awareness"}
    assert {post.experiment for post in posts} == {"", "hook", "button"}


def test_clicks_are_those_of_the_contract_after_publishing_and_before_now() -> None:
    decode = msgspec.json.Decoder(Click).decode
    kinds: Counter[str] = Counter()
    for post, content in zip(POSTS, all_clicks(1, POSTS), strict=True):
        events = [decode(line) for line in content.splitlines()]
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        assert {event.link for event in events} <= {post.link}
        assert all(post.published_ms <= event.time_ms < NOW_MS for event in events)
        kinds.update(
            "bot" if "ot" in event.ua or "hit" in event.ua else event.purpose or "plain" for event in events
        )
    assert kinds["plain"] > 4000
    assert min(kinds["bot"], kinds["prefetch"]) > 100


def test_some_readers_of_a_post_come_back_within_the_day_and_most_do_not() -> None:
    rng = random.Random(1)
    again = all_of_people = 0
    for post in POSTS:
        people = [click for click in clicks(post, rng, NOW_MS) if click.get("country")]
        visits = Counter((click["time_ms"] // DAY_MS, click["visitor"]) for click in people)
        days = defaultdict(set)
        for day, visitor in visits:
            days[visitor].add(day)
        assert all(len(some) == 1 for some in days.values()), "a visitor's number is of its day"
        all_of_people += len(people)
        again += len(people) - len(visits)
    assert 0.03 < again / all_of_people < 0.2


def test_totals_grow_fall_once_and_are_told_of_published_posts_alone() -> None:
    published = {f"demo-{post.slug}": post for post in POSTS}
    totals: dict[str, list[int]] = defaultdict(list)
    for rows in told(POSTS, START_MS, NOW_MS):
        assert len({row["post"] for row in rows}) == len(rows)
        json.dumps(rows)
        for row in rows:
            totals[row["post"]].append(row["total"])
    assert totals.keys() == published.keys()
    falls = {name for name, some in totals.items() if any(b < a for a, b in itertools.pairwise(some))}
    assert falls
    assert all(published[name].falls for name in falls)
    assert all(total(post, post.published_ms) == 0 for post in POSTS)


def test_one_post_has_more_clicks_than_displays() -> None:
    rng = random.Random(1)
    over = {post.name for post in POSTS if len(clicks(post, rng, NOW_MS)) > total(post, NOW_MS)}
    assert "Passed around" in over
