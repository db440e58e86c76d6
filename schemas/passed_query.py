"""A destination together with parameters: those that a link adds, and those that a visit brings.

The visit's word goes before the link's, the link's before the destination's own. What somebody wrote stays encoded
as it was. Names are compared decoded, so that `utm%5Fsource` is `utm_source`.
"""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, quote_plus, unquote_plus

from schemas.destinations import URL_MAX_CHARS, as_served

_TAKES_A_QUERY: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
"""A mail's or telephone call's address has other parts, which no visitor may set."""
_NO_PATH: Final = re.compile(r"https?://[^/]*\Z", re.IGNORECASE)
_QUERY_CHARACTERS: Final = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '#"<>')


class PassedQuery:
    """One destination, taken apart once."""

    __slots__ = ("_base", "_fragment", "_parts", "_takes", "url")

    def __init__(self, destination: str, added: Mapping[str, str]) -> None:
        """`added`: parameters by name, not encoded."""
        url = as_served(destination)
        rest, hash_mark, fragment = url.partition("#")
        base, _, query = rest.partition("?")
        self._takes: Final = _TAKES_A_QUERY.match(url) is not None
        self._base: Final = f"{base}/" if _NO_PATH.match(base) else base
        self._fragment: Final = hash_mark + fragment
        own = _parts(query)
        parts = [(name, part) for name, part in own if name not in added]
        parts += [(name, f"{name}={quote_plus(value)}") for name, value in added.items()]
        self._parts: Final = parts
        self.url: Final = self._joined([part for _, part in parts]) if added and self._takes else url
        """Where a visit without a query is led, as a header can hold it."""

    def with_query(self, query: str, *, without: str = "") -> str:
        """Where a visit with this query is led; its parameter `without` is no destination's business.

        As without a query where there would be more than 8,192 characters, and in a destination that has none.
        """
        if not self._takes:
            return self.url
        brought = [(name, part) for name, part in _parts(query) if not (without and name == without)]
        if not brought:
            return self.url
        names = {name for name, _ in brought}
        kept = [part for name, part in self._parts if name not in names]
        url = self._joined([*kept, *(_in_a_header(part) for _, part in brought)])
        return url if len(url) <= URL_MAX_CHARS else self.url

    def with_id(self, parameter: str, click_id: str, query: str = "", *, without: str = "") -> str:
        """The same with `parameter` last, which is `click_id`, whatever visit or destination say of that name.

        Both are plain characters of a URL. Without them where there would be more than 8,192 characters, and in a
        destination that takes no query.
        """
        if not self._takes:
            return self.url
        brought = [
            (name, part) for name, part in _parts(query) if name != parameter and not (without and name == without)
        ]
        names = {parameter, *(name for name, _ in brought)}
        kept = [part for name, part in self._parts if name not in names]
        own = f"{parameter}={click_id}"
        url = self._joined([*kept, *(_in_a_header(part) for _, part in brought), own])
        if len(url) > URL_MAX_CHARS:
            url = self._joined([*(part for name, part in self._parts if name != parameter), own])
        return url if len(url) <= URL_MAX_CHARS else self.url

    def _joined(self, parts: list[str]) -> str:
        return f"{self._base}?{'&'.join(parts)}{self._fragment}"


def _parts(query: str) -> list[tuple[str, str]]:
    """The parameters of a query: name, decoded, and all of it as it stands."""
    return [(unquote_plus(part.partition("=")[0]), part) for part in query.split("&") if part]


def _in_a_header(part: str) -> str:
    if part.isascii() and part.isprintable() and not ("#" in part or " " in part):
        return part
    return quote(part, safe=_QUERY_CHARACTERS, errors="surrogateescape")


def says(query: str, parameter: str) -> bool:
    """Whether a query has a parameter with any value but 0: the mark of a QR code, or not to be recognized."""
    marks = (part.partition("=") for part in query.split("&"))
    return bool(parameter) and any(name == parameter and value != "0" for name, _, value in marks)
