"""Impressions as clients post them: JSON or NDJSON in, events out, a reason for each that is none."""

import hashlib
from collections.abc import Callable
from typing import Annotated, Final, NamedTuple

import msgspec
from msgspec import Meta

from redirector.serve.access import Caller
from redirector.serve.body_errors import BodyError
from redirector.serve.observed import NOTHING, Observed
from redirector.serve.sayings import Saying, Situation, source_of, time_of, why_not
from schemas.events import Impression, ImpressionKind, ImpressionSource
from schemas.links import Link, LinkError, read_domain

IDEMPOTENCY_KEY_MAX_CHARS: Final = 255


class Item(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One posted impression. The link is `link` (domain/slug), or `domain` and `slug`."""

    kind: ImpressionKind
    link: str | None = None
    domain: str | None = None
    slug: str | None = None
    source: ImpressionSource | None = None
    count: Annotated[int, Meta(ge=1, le=1_000_000_000)] = 1
    time_ms: Annotated[int, Meta(ge=0, lt=2**53)] | None = None


class Rejected(msgspec.Struct, frozen=True):
    """Why the item at `index` (from 0) is no impression."""

    index: int
    error: str


class Read(NamedTuple):
    """The impressions of one body, and the items that are none."""

    accepted: list[Impression]
    rejected: list[Rejected]


class NotAllowedError(ValueError):
    """The caller may not say this; the message says why, and what would do."""


class Circumstances(NamedTuple):
    """What of the request goes into its impressions.

    `spool` is the derived spool id of an Idempotency-Key, or empty; `source` is the query's; `observed` is
    used for beacons only: there, the client is the one who saw the content.
    """

    caller: Caller
    situation: Situation
    spool: str
    source: ImpressionSource | None
    observed: Observed


_read_array: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode
_read_item: Final = msgspec.json.Decoder(Item).decode
_WHITESPACE: Final = b" \t\r\n"


def split(body: bytes, content_type: str, max_items: int) -> list[bytes]:
    """The items of a body, still encoded: an array's, an NDJSON body's lines, or the one object.

    Raises BodyError with 400 when it is none of these, 413 when there are more than `max_items`.
    """
    body = body.strip(_WHITESPACE)
    if not body:
        raise BodyError("the body is empty: send a JSON array of impressions, or one a line")
    if "ndjson" in content_type.lower():
        items = _lines(body)
    elif body.startswith(b"["):
        try:
            items = [bytes(raw) for raw in _read_array(body)]
        except msgspec.DecodeError as error:
            raise BodyError(f"the body is no JSON array: {error}") from error
    elif _is_json(body):
        items = [body]
    else:
        items = _lines(body)
    if len(items) > max_items:
        raise BodyError(f"{len(items)} impressions in one request, at most {max_items} are taken: split it", 413)
    return items


def read(items: list[bytes], find: Callable[[str], Link | None], around: Circumstances) -> Read:
    """Turn encoded items into impressions. With an idempotency key, seq is the position, from 1."""
    found = Read([], [])
    for index, item in enumerate(items):
        try:
            found.accepted.append(_impression(_read_item(item), index, find, around))
        except UnicodeDecodeError:
            found.rejected.append(Rejected(index, "a text in it is not UTF-8"))
        except (msgspec.DecodeError, LinkError, NotAllowedError) as error:
            found.rejected.append(Rejected(index, str(error)))
    return found


def spool_of_key(path: str, key: str) -> str:
    """The spool id that stands for an Idempotency-Key: `k` and 32 hexadecimal digits. Raises BodyError.

    A key stands for one body: sent again, the same positions are the same events. Items that were rejected
    go, corrected, into another request with another key.
    """
    if not 1 <= len(key) <= IDEMPOTENCY_KEY_MAX_CHARS:
        raise BodyError(f"Idempotency-Key has {len(key)} characters, wanted are 1 to {IDEMPOTENCY_KEY_MAX_CHARS}")
    named = f"{path}\0{key}".encode("utf-8", "surrogateescape")
    return "k" + hashlib.blake2b(named, digest_size=16).hexdigest()


def _impression(item: Item, index: int, find: Callable[[str], Link | None], around: Circumstances) -> Impression:
    key = _key(item)
    link = find(key)
    if link is None:
        raise LinkError(f"there is no link {key}")
    caller = around.caller
    saying = Saying(around.source or item.source, item.kind, item.count, item.time_ms)
    if reason := why_not(saying, caller, link, around.situation):
        raise NotAllowedError(reason)
    source = source_of(saying, caller)
    observed = around.observed if source == "beacon" else NOTHING
    return Impression(
        time_ms=time_of(saying, caller, around.situation.now_ms),
        link=key,
        source=source,
        kind=item.kind,
        count=item.count,
        seq=index + 1 if around.spool else 0,
        spool=around.spool,
        **observed,
    )


def _key(item: Item) -> str:
    if item.link is not None:
        if item.domain is not None or item.slug is not None:
            raise LinkError("an item names its link twice: give link, or domain and slug")
        domain, slash, slug = item.link.partition("/")
        if not slash:
            raise LinkError(f"link {item.link!r} lacks its slash: it is domain/slug")
        return f"{read_domain(domain)}/{slug}"
    if item.domain is None or item.slug is None:
        raise LinkError("an item names no link: give link (domain/slug), or domain and slug")
    return f"{read_domain(item.domain)}/{item.slug}"


def _lines(body: bytes) -> list[bytes]:
    lines = [line for line in body.splitlines() if line.strip(_WHITESPACE)]
    if not any(_is_json(line) for line in lines):
        raise BodyError("the body is neither JSON nor NDJSON: send an array of impressions, or one a line")
    return lines


def _is_json(text: bytes) -> bool:
    try:
        msgspec.json.decode(text, type=msgspec.Raw)
    except msgspec.DecodeError:
        return False
    return True
