"""The beacon's script, `GET /v1/beacon.js`: `beacon.js` beside this module, squeezed to less than a kilobyte."""

import re
from collections.abc import Iterable
from hashlib import sha256
from importlib.resources import files
from string import ascii_lowercase
from typing import Final

from redirector.serve.answers import Answer

BEACON_PATH: Final = "/v1/beacon.js"

_SOURCE: Final = files("redirector.serve").joinpath("beacon.js").read_text("utf-8")
_MOST: Final = "MOST"
"""Stands in the source for how many items a request without a token may have."""
_DECLARED: Final = re.compile(r"\b(?:const|let) (\w+(?:, \w+)*)")
_SPACE_AT_A_SIGN: Final = re.compile(r' ?([^\w\s".$]) ?')
_NEEDLESS_LINE_END: Final = re.compile(r"(?<=[{(,>])\n|\n(?=[)}])")
_CACHED: Final = ("Cache-Control", "public, max-age=3600, stale-while-revalidate=86400")
_FOR_ANY_PAGE: Final = (("Access-Control-Allow-Origin", "*"), ("Cross-Origin-Resource-Policy", "cross-origin"))


class BeaconScript:
    """The script as it is served. Its address stands in other people's pages and never changes: an ETag does."""

    def __init__(self, most_items: int) -> None:
        """`most_items`: how many items a request without a token may have."""
        body = squeezed(_SOURCE).replace(_MOST, str(most_items)).encode()
        self._tag: Final = f'"{sha256(body).hexdigest()[:16]}"'
        kept = (_CACHED, ("ETag", self._tag), *_FOR_ANY_PAGE)
        of_body = (("Content-Type", "text/javascript; charset=utf-8"), ("X-Content-Type-Options", "nosniff"))
        self._whole: Final = Answer(200, (*of_body, *kept), body)
        self._unchanged: Final = Answer(304, kept)

    def answer(self, if_none_match: Iterable[str]) -> Answer:
        """The script, or 304 for who has it: `if_none_match` are that header's values (RFC 9110, 13.1.2)."""
        held = {tag.strip().removeprefix("W/") for value in if_none_match for tag in value.split(",")}
        return self._unchanged if held & {self._tag, "*"} else self._whole


def squeezed(source: str) -> str:
    """A script without comments, indents and needless spaces and line ends, its declared names one letter long.

    For a source as `beacon.js` is: a comment has a line of its own, no string has a space in it, a declared name is
    no property's, and a line begins with no bracket.
    """
    lines = (line.strip() for line in source.splitlines())
    text = "\n".join(line for line in lines if line and not line.startswith("//"))
    names = ", ".join(_DECLARED.findall(text)).split(", ")
    for name, letter in zip(names, ascii_lowercase, strict=False):
        text = re.sub(rf'(?<![\w."-]){name}(?![\w":-])', letter, text)
    return _NEEDLESS_LINE_END.sub("", _SPACE_AT_A_SIGN.sub(r"\1", text))
