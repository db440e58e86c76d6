"""Which posts somebody wants the numbers of: those that links name, or a file. Pure but for the reading of it."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from console.poll.state import Post
from schemas.links import Link
from schemas.posts import platform_named, post_id, post_of_url

_ASKABLE: Final = {
    "x": re.compile(r"\d{1,20}"),
    "linkedin": re.compile(r"urn:li:(?:share|ugcPost):\d{1,20}"),
    "facebook": re.compile(r"\d{1,20}"),
    "instagram": re.compile(r"\d{1,20}"),
    "threads": re.compile(r"\d{1,20}"),
    "youtube": re.compile(r"[\w-]{11}"),
    "tiktok": re.compile(r"\d{1,20}"),
    "pinterest": re.compile(r"\d{1,20}"),
}
_ADVICE: Final = {
    "linkedin": "LinkedIn's API knows posts by urn:li:share:… or urn:li:ugcPost:…: give the link that as post_id",
    "facebook": "Facebook's API knows posts by their number: give the link that as post_id",
    "instagram": "Instagram's API knows media by their number; those of the account's own list are polled anyway",
    "threads": "Threads' API knows posts by their number; those of the account's own list are polled anyway",
}
_X_EPOCH_MS: Final = 1_288_834_974_657
_X_TIMED_FROM: Final = 1 << 40
"""X's ids since November 2010 begin with the time: https://github.com/twitter-archive/snowflake (22 bits below)."""


class Wanted(NamedTuple):
    """A post, and the profile and account of its link, by which it is given to one of several accounts."""

    post: Post
    owners: tuple[str, ...]


class Unaskable(NamedTuple):
    """A post that its platform's API knows under another name."""

    name: str
    advice: str


def posts_of_links(links: Iterable[Link], platform: str) -> Iterator[Wanted | Unaskable]:
    """The posts on a platform that links name as their own, by `post_id` or `post_url`, each once."""
    seen: set[str] = set()
    for link in links:
        name = _post_of_link(link, platform)
        if not name or name in seen:
            continue
        seen.add(name)
        post = askable(platform, name, link.published_at_ms or 0)
        yield post if isinstance(post, Unaskable) else Wanted(post, (link.profile, link.account))


def posts_of_file(path: Path, platform: str) -> Iterator[Wanted | Unaskable]:
    """Ids or permalinks, one a line; what follows `#` and a blank is a comment. Raises OSError, ValueError."""
    for line in path.read_text("utf-8-sig").splitlines():
        name = line.strip() if not line.lstrip().startswith("#") else ""
        name = re.split(r"\s+#", name, maxsplit=1)[0].strip()
        if name:
            post = askable(platform, post_id(platform, name), 0)
            yield post if isinstance(post, Unaskable) else Wanted(post, ())


def askable(platform: str, name: str, published_ms: int) -> Post | Unaskable:
    """A post by its id, if the platform's API can be asked for that."""
    if not _ASKABLE[platform].fullmatch(name):
        return Unaskable(name[:100], _ADVICE.get(platform, f"{platform} has no such ids"))
    return Post(id=name, published_ms=published_ms or time_of_id(platform, name))


def time_of_id(platform: str, name: str) -> int:
    """When a post was published, where its id says; else 0."""
    if platform == "x" and name.isdecimal() and int(name) >= _X_TIMED_FROM:
        return (int(name) >> 22) + _X_EPOCH_MS
    return 0


def _post_of_link(link: Link, platform: str) -> str:
    on_url = post_of_url(link.post_url) if link.post_url else None
    if link.post_id:
        in_id = post_of_url(link.post_id) if "://" in link.post_id else None
        if in_id is not None:
            return in_id[1] if in_id[0] == platform else ""
        if (on_url is not None and on_url[0] == platform) or platform_named(link.channel) == platform:
            return post_id(platform, link.post_id)
        if platform == "linkedin" and "urn:li:" in link.post_id:
            return post_id(platform, link.post_id)
    return on_url[1] if on_url is not None and on_url[0] == platform else ""
