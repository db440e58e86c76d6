"""Which link a platform's post carries. Pure: the door, pollers, the import and the matcher all ask here.

The first of these that gives a link of ours:

1. a mapping, where somebody has said it of this post;
2. a link in the post, as the platform gives it (`urls`): the first that is ours. A post keeps what it was published
   with, so this answer stays the same;
3. the post that a link names as its own, by `post_id` or `post_url`.

A snapshot has one link: of a post with several of ours, the first has the impressions.
"""

import html
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Protocol
from urllib.parse import parse_qs, urlsplit

from schemas.events import LINK_MAX_BYTES
from schemas.own_domains import destination_key
from schemas.posts import named_post_keys, post_keys
from schemas.snapshots import URL_MAX_CHARS, URLS_MAX, Snapshot

_URL: Final = re.compile(
    r"https?://[^\s<>\"]+|(?<![\w@./-])(?:[\w-]+\.)+[a-z]{2,24}/[^\s<>\"]*",
    re.IGNORECASE,
)
_CLOSERS: Final = {")": "(", "]": "[", "}": "{"}
_AFTER_URL: Final = ".,;:!?'\"»”\u2019…*"
# Where platforms send their visitors by way of a page of their own, and the parameter that says where to.
_SHIMS: Final = {
    "l.facebook.com": "u",
    "lm.facebook.com": "u",
    "l.instagram.com": "u",
    "l.threads.com": "u",
    "l.threads.net": "u",
    "l.messenger.com": "u",
    "www.linkedin.com/safety/go": "url",
    "www.linkedin.com/redir/redirect": "url",
    "www.google.com/url": "q",
    "www.youtube.com/redirect": "q",
}


class Links(Protocol):
    """The links that exist."""

    def has(self, key: str) -> bool:
        """Whether there is a link of this name."""

    def of_post(self, keys: Sequence[str]) -> str:
        """The link that names a post with one of these keys as its own; "" when none does."""


class Mapping(Protocol):
    """What somebody has said of posts."""

    def link_of(self, keys: Sequence[str]) -> str:
        """The link of a post with one of these keys; "" when nothing was said."""


class PostIndex:
    """Links by the posts that they name; of several that name one post, the first by its own name is meant."""

    def __init__(self) -> None:
        self._links: dict[str, str] = {}

    def add(self, link: str, *, post_id: str, post_url: str, channel: str) -> None:
        """Take note of a link."""
        for key in named_post_keys(post_id, post_url, channel):
            before = self._links.get(key)
            if before is None or link < before:
                self._links[key] = link

    def of_post(self, keys: Sequence[str]) -> str:
        """The link that names a post with one of these keys; "" when none does."""
        return next((self._links[key] for key in keys if key in self._links), "")

    def __len__(self) -> int:
        return len(self._links)


def snapshot_keys(snapshot: Snapshot) -> tuple[str, ...]:
    """What the post of a snapshot is compared by; ids before the permalink."""
    return post_keys(snapshot.platform, (snapshot.post, *snapshot.other_ids, snapshot.permalink))


def link_of(snapshot: Snapshot, links: Links, mapping: Mapping | None = None) -> str:
    """The link of a snapshot's post, or "" where nothing tells it."""
    keys = snapshot_keys(snapshot)
    if mapping is not None and (mapped := mapping.link_of(keys)):
        return mapped
    return next(filter(links.has, link_keys(snapshot.urls)), "") or links.of_post(keys)


def link_keys(urls: Iterable[str]) -> Iterator[str]:
    """`domain/slug` that each address would be, were it one of ours; its query makes no difference."""
    for url in urls:
        text = _without_shim(url.strip())
        key = destination_key(text if "://" in text else f"https://{text}")
        if key is not None and len(key.encode(errors="replace")) <= LINK_MAX_BYTES:
            yield key


def urls_in(text: str) -> tuple[str, ...]:
    """The addresses in a post's text, with a scheme or without, in their order, each once; at most URLS_MAX."""
    urls = (_trimmed(match[0]) for match in _URL.finditer(html.unescape(text)))
    return tuple(dict.fromkeys(url for url in urls if len(url) <= URL_MAX_CHARS))[:URLS_MAX]


def _without_shim(url: str) -> str:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        parameter = _SHIMS.get(host) or _SHIMS.get(f"{host}{parts.path.rstrip('/')}")
        inside = parse_qs(parts.query).get(parameter, []) if parameter else []
    except ValueError:
        return url
    return inside[0] if inside else url


def _trimmed(url: str) -> str:
    """An address without what closes the sentence around it."""
    while url:
        last = url[-1]
        opened = _CLOSERS.get(last)
        if last in _AFTER_URL or (opened is not None and url.count(last) > url.count(opened)):
            url = url[:-1]
        else:
            break
    return url
