"""Links in a post: found in its text, freed of what a platform wraps around them, as keys of ours."""

import re
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import parse_qs, urlsplit

from schemas.link_names import read_link_name
from schemas.links import LinkError

_URL: Final = re.compile(r"https?://[^\s<>\"'`|\\^{}\[\]]+", re.IGNORECASE)
_AFTER: Final = ".,;:!?)…»”\u2019*_~"
_SHIMS: Final = frozenset(
    {"l.facebook.com", "lm.facebook.com", "l.instagram.com", "l.threads.net", "l.threads.com"}
)
"""Hosts that send a visitor on to the address in `u`."""
_TEXT_MAX_CHARS: Final = 100_000


def urls_in(text: str | None) -> list[str]:
    """The web addresses in a text, without the marks that end a sentence."""
    return [found.rstrip(_AFTER) for found in _URL.findall((text or "")[:_TEXT_MAX_CHARS])]


def unshimmed(url: str) -> str:
    """The address behind a platform's `l.php?u=…`; another one as it is."""
    if "l." not in url and "lm." not in url:
        return url
    try:
        parts = urlsplit(url)
        if parts.hostname in _SHIMS:
            return parse_qs(parts.query, max_num_fields=100).get("u", [url])[0]
    except ValueError:
        pass  # no address at all
    return url


def link_keys(urls: Iterable[str]) -> Iterator[str]:
    """The keys (`domain/slug`) that addresses would have, were they links of ours; `fbclid` and the like go."""
    for url in urls:
        try:
            yield read_link_name(unshimmed(url))
        except LinkError:
            continue
