"""The items of a posted body, each still encoded, and one item read: a reason for each that is none."""

import json
import re
from collections import Counter
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from redirector.serve.body_errors import BodyError
from schemas.events import ImpressionKind, ImpressionSource


class ItemError(ValueError):
    """One item is no impression; the message says why."""


class Item(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One posted impression. The link is `link` (domain/slug or its URL), or `domain` and `slug`."""

    kind: ImpressionKind
    link: str | None = None
    domain: str | None = None
    slug: str | None = None
    source: ImpressionSource | None = None
    count: Annotated[int, Meta(ge=1, le=1_000_000_000)] = 1
    time_ms: Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)] | None = None


_read_array: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode
_read_any: Final = msgspec.json.Decoder(msgspec.Raw).decode
_read_item: Final = msgspec.json.Decoder(Item).decode
_FIELDS: Final = msgspec.structs.fields(Item)
_AFTER_A_NAME: Final = re.compile(rb'"[ \t\r\n]*:')
_WHITESPACE: Final = b" \t\r\n"
_UTF8_BOM: Final = b"\xef\xbb\xbf"
_UTF16_BOMS: Final = (b"\xff\xfe", b"\xfe\xff")
_ERROR_MAX_CHARS: Final = 300

_STRING: Final = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_AMONG_ITEMS: Final = re.compile(rb"(?:[^\"\[\]{},]++|" + _STRING + rb")*+([\[{]++|[\]}]++|,)", re.DOTALL)
_IN_AN_ITEM: Final = re.compile(rb"(?:[^\"\[\]{}]++|" + _STRING + rb")*+([\[{]++|[\]}]++)", re.DOTALL)
_MARKS_OF_AN_ITEM: Final = 3  # where it opens, where it closes, the comma
_MARKS_TO_SPARE: Final = 5_000


def split(body: bytes, content_type: str, max_items: int) -> list[bytes]:
    """The items of a body, still encoded: an array's, an NDJSON body's lines, or the one object.

    Raises BodyError with 400 when it is none of these, 413 when there are more than `max_items`.
    """
    body = json_text(body, "a JSON array of impressions, or one a line")
    if "ndjson" in content_type.lower():
        items = _lines(body)
    elif body.startswith(b"["):
        items = _array(body, max_items)
    elif _is_json(body, nested=False):
        items = [body]
    else:
        items = _lines(body)
    if len(items) > max_items:
        raise BodyError(f"{len(items)} impressions in one request, at most {max_items} are taken: split it", 413)
    return items


def json_text(body: bytes, wanted: str) -> bytes:
    """A body's JSON, from its first character to its last. Raises BodyError where there is none."""
    body = body.removeprefix(_UTF8_BOM).strip(_WHITESPACE)
    if not body:
        raise BodyError(f"the body is empty: send {wanted}")
    if body.startswith(_UTF16_BOMS):
        raise BodyError("the body is UTF-16: send it as UTF-8")
    return body


def read_item(raw: bytes) -> Item:
    """The item of its JSON. Raises ItemError, for a repeated field too: which one was meant?"""
    try:
        item = _read_item(raw)
    except UnicodeDecodeError as error:
        raise ItemError("a text in it is not UTF-8") from error
    except RecursionError as error:
        raise ItemError("it is nested too deeply: an impression is one flat object") from error
    except msgspec.DecodeError as error:
        raise ItemError(str(error)[:_ERROR_MAX_CHARS]) from error
    # Each field has a quote and a colon, so where there are no more of them than there are fields with a value of
    # their own, none is repeated.
    given = sum(getattr(item, one.name) != one.default for one in _FIELDS)
    if raw.count(b":") > given and len(_AFTER_A_NAME.findall(raw)) > given:
        repeated = [name for name, times in Counter(name for name, _ in _pairs(raw)).items() if times > 1]
        if repeated:
            raise ItemError(f"it has {', '.join(repeated)} more than once: send each field once")
    return item


def _pairs(raw: bytes) -> list[tuple[str, Any]]:
    pairs: list[tuple[str, Any]] = json.loads(raw, object_pairs_hook=list)
    return pairs


def _array(body: bytes, max_items: int) -> list[bytes]:
    try:
        return [bytes(raw) for raw in _read_array(body)]
    except RecursionError:
        return _array_with_a_deep_item(body, max_items)
    except msgspec.DecodeError as error:
        raise BodyError(f"the body is no JSON array: {error}") from error


def _array_with_a_deep_item(body: bytes, max_items: int) -> list[bytes]:
    """The items where one is nested so deeply that no parser follows; it will be rejected, its neighbours not.

    Looks for brackets and commas only, and for no more of them than an array of flat items has.
    """
    items: list[bytes] = []
    depth, start, at = 1, 1, 1
    for _ in range(_MARKS_OF_AN_ITEM * max_items + _MARKS_TO_SPARE):
        match = (_AMONG_ITEMS if depth == 1 else _IN_AN_ITEM).match(body, at)
        if match is None:
            break
        at, marks = match.end(), match[1]
        if marks == b",":
            items.append(body[start : match.start(1)])
            start = at
        elif marks[0] in b"[{":
            depth += len(marks)
        else:
            depth -= len(marks)
        if depth <= 0:
            if depth or at != len(body):
                break
            items.append(body[start : at - 1])
            return items
    raise BodyError("the body is no JSON array of flat objects: it is nested too deeply, or broken")


def _lines(body: bytes) -> list[bytes]:
    lines = [line for line in body.splitlines() if line.strip(_WHITESPACE)]
    if not any(_is_json(line, nested=True) for line in lines):
        raise BodyError("the body is neither JSON nor NDJSON: send an array of impressions, or one a line")
    return lines


def _is_json(text: bytes, *, nested: bool) -> bool:
    """Whether it is a JSON value; `nested` says whether one that is nested too deeply counts as one."""
    try:
        _read_any(text)
    except RecursionError:
        return nested
    except msgspec.DecodeError:
        return False
    return True
