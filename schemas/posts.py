"""Names of platforms and of the posts on them: ids, URNs and permalinks, in the one form that is compared. Pure.

A post has several names. Handles in permalinks change and Facebook's `pfbid…` differs from export to export, while
numeric ids stay; LinkedIn numbers the activity that a post made apart from the share or ugcPost that it is.
"""

import re
from collections.abc import Iterable
from typing import Final, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

_OTHER_NAMES: Final = {
    "twitter": "x",
    "x.com": "x",
    "fb": "facebook",
    "meta": "facebook",
    "ig": "instagram",
    "yt": "youtube",
    "google": "google-ads",
    "adwords": "google-ads",
    "googleads": "google-ads",
    "bing": "microsoft-ads",
    "bing-ads": "microsoft-ads",
    "microsoft": "microsoft-ads",
    "newsletter": "email",
    "mail": "email",
}
_HOSTS: Final = {
    "x.com": "x",
    "twitter.com": "x",
    "linkedin.com": "linkedin",
    "facebook.com": "facebook",
    "instagram.com": "instagram",
    "threads.net": "threads",
    "threads.com": "threads",
    "tiktok.com": "tiktok",
    "youtube.com": "youtube",
    "youtu.be": "youtube",
    "bsky.app": "bluesky",
}
_PINTEREST: Final = re.compile(r"(?:^|\.)pinterest\.[a-z.]{2,6}$")
_IN_PATH: Final = {
    "x": re.compile(r"/status(?:es)?/(\d+)"),
    "linkedin": re.compile(r"(?:urn:li:|(?<![A-Za-z]))(activity|share|ugcPost)(?::|-(?=\d{6}))(\d+)"),
    "facebook": re.compile(r"/(?:posts|videos|reels?|permalink)/(?:[^/]+/)?(pfbid\w+|\d+)(?:/|$)"),
    "instagram": re.compile(r"/(?:p|reels?|tv)/([\w-]+)"),
    "threads": re.compile(r"/(?:post|t)/([\w-]+)"),
    "tiktok": re.compile(r"/(?:video|photo)/(\d+)"),
    "youtube": re.compile(r"^/(?:(?:shorts|live|embed)/)?([\w-]{11})(?:/|$)"),
    "pinterest": re.compile(r"/pin/(?:[^/]*--)?(\d+)"),
    "bluesky": re.compile(r"/post/(\w+)"),
}
_IN_QUERY: Final = {"facebook": ("story_fbid", "fbid", "v"), "youtube": ("v",)}
_URN: Final = re.compile(r"urn:li:(activity|share|ugcPost|video|article):(\d+)")
_PAGE_AND_POST: Final = re.compile(r"\d+_(\d+)")
_ADDRESS: Final = re.compile(r"https?://|www\.", re.IGNORECASE)
_LONG_ENOUGH: Final = 10
"""An id that names no platform is taken for one of any platform from this length on: shorter ones are no rarity."""
ANY_PLATFORM: Final = "*"


def platform_named(text: str) -> str:
    """The name of a platform or channel as snapshots have it: lower case, hyphens, x for Twitter."""
    name = re.sub(r"[\s_]+", "-", text.strip().lower())
    return _OTHER_NAMES.get(name, name)


def platform_of(url: str) -> str:
    """The platform that an address is on; "" when it is none that is known."""
    host = _parts(url)[0]
    if _PINTEREST.search(host):
        return "pinterest"
    while host:
        if host in _HOSTS:
            return _HOSTS[host]
        host = host.partition(".")[2]
    return ""


class PlatformPost(NamedTuple):
    """A post of a platform; `post` is its id, as `Snapshot.post` has it."""

    platform: str
    post: str


def post_of_url(url: str) -> PlatformPost | None:
    """The post that a permalink names; None for other addresses."""
    platform = platform_of(url)
    _, path, query = _parts(url)
    post = _IN_PATH[platform].search(path) if platform in _IN_PATH else None
    if post is not None:
        return PlatformPost(platform, _urn(*post.groups()) if platform == "linkedin" else post[1])
    for name in _IN_QUERY.get(platform, ()):
        if value := query.get(name):
            return PlatformPost(platform, value[0])
    return None


def post_id(platform: str, text: str) -> str:
    """The id that `text`, an id or a permalink, says, as `Snapshot.post` has it; the text itself if none is seen.

    Facebook's is the post's own number, without the page's before it; LinkedIn's is a URN where its kind is known.
    """
    text = text.strip()
    if _ADDRESS.match(text):
        named_post = post_of_url(text)
        return named_post.post if named_post is not None else text
    if platform == "linkedin" and (urn := _IN_PATH["linkedin"].search(unquote(text))):
        return _urn(*urn.groups())
    if platform == "facebook" and (parts := _PAGE_AND_POST.fullmatch(text)):
        return parts[1]
    return text


def post_keys(platform: str, names: Iterable[str]) -> tuple[str, ...]:
    """What a post is compared by, given its ids and permalinks: equal keys are the same post.

    The kinds of LinkedIn's URNs are left out: the numbers of activities, shares and ugcPosts come from one series.
    """
    keys: list[str] = []
    for name in names:
        if not name.strip():
            continue
        identifier = post_id(platform, name)
        if (urn := _URN.fullmatch(identifier)) is not None:
            identifier = urn[2]
        keys.append(f"{platform}:{identifier}")
        if len(identifier) >= _LONG_ENOUGH:
            keys.append(f"{ANY_PLATFORM}:{identifier}")
    return tuple(dict.fromkeys(keys))


def named_post_keys(given_id: str, url: str, channel: str) -> tuple[str, ...]:
    """The keys of the post that a link names as its own, by `post_id` and `post_url`; `channel` may tell where."""
    keys: list[str] = []
    on_url = post_of_url(url) if url else None
    if on_url is not None:
        keys.extend(_first_key(*on_url))
    if given_id.strip():
        in_id = post_of_url(given_id) if _ADDRESS.match(given_id.strip()) else None
        if in_id is not None:
            keys.extend(_first_key(*in_id))
        else:
            platform = on_url.platform if on_url is not None else _own_platform(given_id, channel)
            keys.extend(_first_key(platform, given_id))
    return tuple(dict.fromkeys(keys))


def _own_platform(given_id: str, channel: str) -> str:
    if _URN.search(given_id):
        return "linkedin"
    named = platform_named(channel)
    return named if named in _OF_CHANNELS else ANY_PLATFORM


_OF_CHANNELS: Final = frozenset({*_HOSTS.values(), "google-ads", "microsoft-ads", "pinterest"})
"""Platforms that a channel is. Email is one of many providers."""


def _first_key(platform: str, name: str) -> tuple[str, ...]:
    if platform != ANY_PLATFORM:
        return post_keys(platform, [name])[:1]
    identifier = name.strip()
    page_and_post = _PAGE_AND_POST.fullmatch(identifier)
    identifier = page_and_post[1] if page_and_post is not None else identifier
    return (f"{ANY_PLATFORM}:{identifier}",) if len(identifier) >= _LONG_ENOUGH else ()


def _urn(kind: str, number: str) -> str:
    return f"urn:li:{kind}:{number}"


def _parts(url: str) -> tuple[str, str, dict[str, list[str]]]:
    """Host, decoded path and query; nothing of what is no address."""
    text = url.strip()
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        return (parts.hostname or "").removesuffix("."), unquote(parts.path), parse_qs(parts.query)
    except ValueError:
        return "", "", {}
