"""Where a link leads, read as browsers read it: by the WHATWG's URL standard, through its reference parser."""

import re
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import quote

import ada_url

URL_MAX_CHARS: Final = 8192
"""Longest destination, and longest address that anybody is led to."""

_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(.*)", re.DOTALL)
_PORT: Final = re.compile(r"[0-9]+(?:[/?#].*)?", re.DOTALL)
# What follows the colon is a number there: these are no hosts with a port.
_OF_NUMBERS: Final = frozenset({"tel", "sms", "smsto", "mms", "callto", "fax", "sip", "sips", "facetime", "skype"})
_SCRIPTS: Final = frozenset({"javascript", "data", "vbscript"})
_NOT_FOLLOWED: Final = frozenset({"about", "blob", "file", "filesystem", "view-source"})
_WEB: Final = frozenset({"http", "https"})
_LABEL_MAX: Final = 63
_HOST_MAX: Final = 253
_URL_CHARACTERS: Final = "".join(chr(code) for code in range(0x21, 0x7F))

_SPACE_OR_CONTROL: Final = re.compile(r"[\x00- \x7f]")

# Sound as it stands, and written as the parser would write it, no IPv4 address in disguise: nine in ten are so,
# and an import or a redirect has no microseconds for the parser.
_PLAIN: Final = re.compile(
    r"https?://((?:[a-z0-9][a-z0-9-]{0,62}+\.){0,3}+[a-z][a-z-]{0,62}+)(?::[0-9]{1,4}+)?+"
    r"((?:/(?:[\w~-][\w~.-]*+)?+)*+)(?:[?#].*+)?+",
    re.ASCII,
)


class Place(NamedTuple):
    """The host and the path, percent-encoded, that a web address asks."""

    host: str
    path: str


@lru_cache(maxsize=16)
def _plain_place(text: str) -> Place | None:
    """The place of a plain URL, None for others; kept for as long as one link is looked at from several sides."""
    plain = _PLAIN.fullmatch(text)
    return None if plain is None else Place(plain[1], plain[2] or "/")


def is_plain(text: str) -> bool:
    """Whether a web address is sound as it stands, and has nobody's name before its host."""
    return _plain_place(text) is not None


def destination_fault(text: str) -> str | None:
    """Why `text` can be no link's destination, and what would do; None when it can."""
    if _SPACE_OR_CONTROL.search(text):
        return "has a space or control character: percent-encode it"
    if _plain_place(text) is not None:
        return None
    matched = _SCHEME.fullmatch(text)
    if matched is None or not matched[2]:
        return "is no absolute URL: start it with https://"
    scheme, rest = matched[1].lower(), matched[2]
    return _web_fault(rest, text) if scheme in _WEB else _other_fault(scheme, rest, text)


def _other_fault(scheme: str, rest: str, text: str) -> str | None:
    if _PORT.fullmatch(rest) and scheme not in _OF_NUMBERS:
        return f"is no absolute URL, {scheme!r} would be its scheme: start it with https://"
    if scheme in _SCRIPTS:
        return "would run as a script in the browser"
    if scheme in _NOT_FOLLOWED:
        return f"is one that no browser follows a redirect to: {scheme}: is for what it has itself"
    return None if ada_url.check_url(text) else "is no URL: correct it, or start it with https://"


def _web_fault(rest: str, text: str) -> str | None:
    if not rest.startswith("//"):
        return "is no absolute URL: write // and a host after its scheme"
    if rest[2:3] in {"", "/", "\\", "?", "#", ":"}:
        return "has no host: name one after https://"
    try:
        host = ada_url.URL(text).hostname
    except ValueError:
        return "has no host that can exist, or no port below 65536: correct it"
    if host.startswith("["):
        return None
    labels = host.removesuffix(".").split(".")
    if len(host) > _HOST_MAX or not all(0 < len(label) <= _LABEL_MAX for label in labels):
        return f"has the host {host!r}, which cannot exist: give it labels of 1 to {_LABEL_MAX} characters"
    return None


def place_of(destination: str) -> Place | None:
    """What a browser asks for, of which host; None for what is no web address."""
    plain = _plain_place(destination)
    if plain is not None:
        return plain
    try:
        url = ada_url.URL(destination)
    except ValueError:
        return None
    return Place(url.hostname, url.pathname) if url.protocol in {"http:", "https:"} else None


def as_served(destination: str) -> str:
    """A destination as a header can hold it: an international host in its ASCII form, the rest percent-encoded."""
    if destination.isascii() and destination.isprintable() and " " not in destination:
        return destination
    if destination.isprintable():
        try:
            return ada_url.URL(destination).href
        except ValueError:
            pass
    return quote(destination, safe=_URL_CHARACTERS)
