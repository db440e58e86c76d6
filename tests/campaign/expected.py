"""What must be counted, from the list of what was sent and the documented rules alone (docs/adr/0019).

It shares no code with the stream, and is as plain as can be: for each reading everything is computed anew.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final, NamedTuple

from tests.campaign.stated import StatedTotal

OPENING_AFTER_MS: Final = 48 * 3_600_000
METRICS: Final = ("post_impressions", "impressions/day", "IMPRESSION", "impressionCount", "post_media_view")
"""Of two metrics of a post the later one counts; those that stand alone on their platform are not in here."""

Life: Final = (0, 0)


class Changes(NamedTuple):
    """(link, source, day) by impressions, and how often each (link, platform, post, day, why, impressions)."""

    impressions: Counter[tuple[str, str, str]]
    revisions: Counter[tuple[str, str, str, str, str, int]]


def day_of(time_ms: int) -> str:
    """The day in UTC."""
    return datetime.fromtimestamp(time_ms / 1000, UTC).date().isoformat()


def newest_totals(stated: Iterable[StatedTotal], links: Mapping[tuple[str, str], str]) -> Counter[str]:
    """Impressions of each link, whatever the order and the repetitions: of each post the total that counts."""
    posts = defaultdict(list)
    for one in stated:
        posts[one.platform, one.post].append(one)
    totals: Counter[str] = Counter()
    for post, readings in posts.items():
        if link := links.get(post):
            totals[link] += sum(reading.total for reading in _counting(readings).values())
    return totals


def unmatched(stated: Iterable[StatedTotal], links: Mapping[tuple[str, str], str]) -> dict[tuple[str, str], int]:
    """Posts that have no link, by the newest total."""
    newest: dict[tuple[str, str], StatedTotal] = {}
    for one in stated:
        post = one.platform, one.post
        if not links.get(post) and (post not in newest or _rank(newest[post]) < _rank(one)):
            newest[post] = one
    return {post: one.total for post, one in newest.items()}


def changes(log: Iterable[tuple[str, StatedTotal]]) -> Changes:
    """What each reading changed, in the order in which they came; those without a link change nothing."""
    impressions: Counter[tuple[str, str, str]] = Counter()
    revisions: Counter[tuple[str, str, str, str, str, int]] = Counter()
    seen: dict[tuple[str, str, str], list[StatedTotal]] = defaultdict(list)
    for link, one in log:
        if not link:
            continue
        readings = seen[link, one.platform, one.post]
        before = _counting(readings)
        readings.append(one)
        after = _counting(readings)
        seen[link, one.platform, one.post] = _newest(readings)
        for scope in before.keys() | after.keys():
            change = _change(before.get(scope), after.get(scope))
            if change is None:
                continue
            source, why, count, at_ms = change
            impressions[link, source, day_of(at_ms)] += count
            if source == "revision":
                revisions[link, one.platform, one.post, day_of(at_ms), why, count] += 1
    return Changes(Counter({key: count for key, count in impressions.items() if count}), revisions)


def _change(before: StatedTotal | None, after: StatedTotal | None) -> tuple[str, str, int, int] | None:
    """Source, reason, impressions and window of what a scope changed by."""
    if before == after:
        return None
    if after is None:
        assert before is not None
        return ("revision", "outranked", -before.total, before.start_ms) if before.total else None
    at_ms = after.start_ms or after.observed_ms
    if before is None:
        is_old = not after.end_ms and after.observed_ms - after.published_ms > OPENING_AFTER_MS
        return ("opening" if is_old else "snapshot", "first", after.total, at_ms) if after.total else None
    change = after.total - before.total
    if before.metric != after.metric:
        return "revision", "redefined", change, at_ms
    if not change:
        return None
    return ("snapshot", "grew", change, at_ms) if change > 0 else ("revision", "fell", change, at_ms)


def _rank(one: StatedTotal) -> tuple[int, int, int]:
    place = METRICS.index(one.metric) if one.metric in METRICS else len(METRICS)
    return place, one.observed_ms, one.total


def _newest(readings: Iterable[StatedTotal]) -> list[StatedTotal]:
    """Of each scope the reading that counts; of several that say the same the first."""
    best: dict[tuple[int, int], StatedTotal] = {}
    for one in readings:
        scope = one.start_ms, one.end_ms
        if scope not in best or _rank(best[scope]) < _rank(one):
            best[scope] = one
    return list(best.values())


def _counting(readings: Iterable[StatedTotal]) -> dict[tuple[int, int], StatedTotal]:
    """The life where it is known, else each period. No periods of the campaign overlap."""
    best = {(one.start_ms, one.end_ms): one for one in _newest(readings)}
    return {Life: best[Life]} if Life in best else best
