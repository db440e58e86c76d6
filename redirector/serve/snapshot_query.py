"""What the query of `POST /v1/snapshots/{platform}` says of a payload, and the envelope that one may come in."""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

import msgspec

from redirector.serve.access import Caller
from redirector.serve.body_errors import BodyError
from redirector.serve.items import json_text
from schemas.platforms.reading import ItemError, Unsaid, opening
from schemas.platforms.times import iso_ms, zone_of

PARAMETERS: Final = (
    "link",
    "observed_at",
    "time_zone",
    "account",
    "profile",
    "version",
    "post",
    "posts",
    "granularity",
    "source",
)
_TEXT_MAX_CHARS: Final = 256
_POSTS_MAX: Final = 1000
_MILLISECONDS: Final = re.compile(r"[0-9]{10,15}")


class _Envelope(msgspec.Struct, forbid_unknown_fields=True):
    payload: msgspec.Raw
    links: dict[str, str] = {}


class _Probe(msgspec.Struct):
    payload: msgspec.Raw = msgspec.Raw()


class Posted(NamedTuple):
    """A payload, and what the sender says of its posts: links by their ids or addresses."""

    payload: bytes | msgspec.Raw
    links: dict[str, str]


_probe: Final = msgspec.json.Decoder(_Probe).decode
_envelope: Final = msgspec.json.Decoder(_Envelope).decode


def read_envelope(body: bytes) -> Posted:
    """The payload of a body: all of it, or what is in its envelope. Raises BodyError."""
    text = json_text(body, "what the platform answered")
    if not text.startswith(b"{"):
        return Posted(text, {})
    try:
        if not opening(_probe(text).payload):
            return Posted(text, {})
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Posted(text, {})  # its reader says what is wrong
    try:
        envelope = _envelope(text)
    except msgspec.DecodeError as error:
        raise BodyError(f"the envelope is not {{payload, links}}: {error}") from error
    return Posted(envelope.payload, envelope.links)


def read_query(query: Mapping[str, str], caller: Caller, now_ms: int) -> Unsaid:
    """What nobody but the sender knows. Raises BodyError for what cannot be meant, unknown names too."""
    unknown = sorted(set(query) - set(PARAMETERS))
    if unknown:
        raise BodyError(f"parameter {unknown[0][:40]!r} is not known: known are {', '.join(PARAMETERS)}")
    for name, value in query.items():
        if len(value) > _TEXT_MAX_CHARS and name not in ("posts", "link"):
            raise BodyError(f"{name} has {len(value)} characters, at most {_TEXT_MAX_CHARS} are taken")
    account = query.get("account", "")
    if caller.account and account not in ("", caller.account):
        raise BodyError(f"account={account}: the token speaks for {caller.account} alone, leave it out", 403)
    posts = tuple(filter(None, query.get("posts", "").split(",")))
    if len(posts) > _POSTS_MAX:
        raise BodyError(f"posts= names {len(posts)}, at most {_POSTS_MAX} are taken: split the request", 413)
    try:
        return Unsaid(
            observed_ms=_observed_ms(query.get("observed_at", ""), now_ms),
            source=query.get("source", "api")[:64],
            version=query.get("version", ""),
            account=caller.account or account,
            profile=query.get("profile", ""),
            post=query.get("post", ""),
            posts=posts,
            zone=zone_of(query["time_zone"]) if query.get("time_zone") else None,
            granularity=query.get("granularity", ""),
        )
    except ItemError as error:
        raise BodyError(str(error)) from error


def _observed_ms(text: str, now_ms: int) -> int:
    if not text:
        return now_ms
    if _MILLISECONDS.fullmatch(text):
        return int(text)
    return iso_ms(text, "observed_at")
