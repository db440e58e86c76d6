"""What an event keeps of the request that made it."""

from typing import Final, Protocol

from multidict import istr

from redirector.serve.visitors import Visitors
from schemas.events import REFERRER_MAX_CHARS, UA_MAX_CHARS

PURPOSE_MAX_CHARS: Final = 64

# istr: a lookup by one does not fold its case anew.
_USER_AGENT: Final = istr("User-Agent")
_REFERER: Final = istr("Referer")
_DNT: Final = istr("DNT")
_SEC_GPC: Final = istr("Sec-GPC")
_SEC_PURPOSE: Final = istr("Sec-Purpose")
_PURPOSE: Final = istr("Purpose")
_X_PURPOSE: Final = istr("X-Purpose")
_X_MOZ: Final = istr("X-Moz")


class Headers(Protocol):
    """Header values by name, whatever its case; bytes that are not UTF-8 as surrogate escapes."""

    def get(self, key: str, default: str, /) -> str:
        """The first value of `key`."""


Observed = tuple[int, str, str, str]
"""Visitor, user agent, referrer, purpose, as events hold them. A bare tuple: it is made for every click."""

NOTHING: Final[Observed] = (0, "", "", "")


Told = tuple[bool, str, str, str]
"""Whether the visitor may be followed, user agent, referrer, purpose: what headers alone tell."""


def observe(headers: Headers, address: str, now_ms: int, visitors: Visitors) -> Observed:
    """The visitor's number (0 when they asked not to be followed), user agent, referrer and prefetch purpose."""
    return observed_of(told_by(headers), address, now_ms, visitors)


def observed_of(told: Told, address: str, now_ms: int, visitors: Visitors) -> Observed:
    """What headers told, with the number of the visitor at `address`."""
    followed, ua, referrer, purpose = told
    return visitors.number(address, ua, now_ms) if followed else 0, ua, referrer, purpose


def told_by(headers: Headers) -> Told:
    """What an event keeps of the headers."""
    get = headers.get
    ua = get(_USER_AGENT, "")
    if not ua.isascii() or len(ua) > UA_MAX_CHARS:
        ua = clean(ua, UA_MAX_CHARS)
    referrer = get(_REFERER, "")
    if referrer:
        referrer = bare_referrer(referrer)
    purpose = get(_SEC_PURPOSE, "") or get(_PURPOSE, "") or get(_X_PURPOSE, "") or get(_X_MOZ, "")
    if purpose:
        purpose = clean(purpose, PURPOSE_MAX_CHARS)
    return not (get(_DNT, "") == "1" or get(_SEC_GPC, "") == "1"), ua, referrer, purpose


def bare_referrer(referrer: str) -> str:
    """The referring page without query and fragment, which may hold anything about anyone."""
    if "?" in referrer:
        referrer = referrer.partition("?")[0]
    if "#" in referrer:
        referrer = referrer.partition("#")[0]
    return clean(referrer, REFERRER_MAX_CHARS)


def clean(text: str, max_chars: int) -> str:
    """A header's value as text that UTF-8 can hold: bytes that were no UTF-8 are read as Latin-1."""
    if not text.isascii():
        raw = text.encode("utf-8", "surrogateescape")
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            text = raw.decode("latin-1")
    return text if len(text) <= max_chars else text[:max_chars]
