"""What an event keeps of the request that made it."""

from typing import Final, NamedTuple, Protocol

from multidict import istr

from redirector.serve.visitors import Visitors
from schemas.events import REFERRER_MAX_CHARS, UA_MAX_CHARS

PURPOSE_MAX_CHARS: Final = 64

# istr: a lookup by one does not fold its case anew.
_USER_AGENT: Final = istr("User-Agent")
_REFERER: Final = istr("Referer")
_DNT: Final = istr("DNT")
_SEC_GPC: Final = istr("Sec-GPC")
_PURPOSES: Final = (istr("Sec-Purpose"), istr("Purpose"), istr("X-Purpose"), istr("X-Moz"))


class Headers(Protocol):
    """Header values by name, whatever its case; bytes that are not UTF-8 as surrogate escapes."""

    def get(self, key: str, default: str, /) -> str:
        """The first value of `key`."""


class Observed(NamedTuple):
    """The fields that every event may carry, in its own terms."""

    visitor: int
    ua: str
    referrer: str
    purpose: str


NOTHING: Final = Observed(0, "", "", "")


def observe(headers: Headers, address: str, now_ms: int, visitors: Visitors) -> Observed:
    """The visitor's number (0 when they asked not to be followed), user agent, referrer and prefetch purpose."""
    get = headers.get
    ua = get(_USER_AGENT, "")
    if len(ua) > UA_MAX_CHARS or not ua.isascii():
        ua = clean(ua, UA_MAX_CHARS)
    asked_not_to = get(_DNT, "") == "1" or get(_SEC_GPC, "") == "1"
    purpose = ""
    for name in _PURPOSES:
        if purpose := get(name, ""):
            purpose = clean(purpose, PURPOSE_MAX_CHARS)
            break
    referrer = get(_REFERER, "")
    return Observed(
        0 if asked_not_to else visitors.number(address, ua, now_ms),
        ua,
        bare_referrer(referrer) if referrer else "",
        purpose,
    )


def bare_referrer(referrer: str) -> str:
    """The referring page without query and fragment, which may hold anything about anyone."""
    return clean(referrer.partition("?")[0].partition("#")[0], REFERRER_MAX_CHARS)


def clean(text: str, max_chars: int) -> str:
    """A header's value as text that UTF-8 can hold: bytes that were no UTF-8 are read as Latin-1."""
    if not text.isascii():
        raw = text.encode("utf-8", "surrogateescape")
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            text = raw.decode("latin-1")
    return text[:max_chars]
