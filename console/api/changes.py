"""What a request makes of a link: pure decisions over the links as they are, without any I/O.

A decision holds when it is written in a transaction that nobody else can have written before: `writer.py` sees to
that.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Protocol

import msgspec
from msgspec import UNSET

from console.api.callers import Caller
from console.api.link_views import etag_of, ms_of
from console.api.policy import Policy, slug_named
from console.api.problems import Problem, pointer_in
from console.api.records import DeletedLink, KeptAnswer, deleted_key
from console.api.wire import BulkLine, LinkPatch, NewLink
from console.link_rules import RULE_DEFAULTS, NumberError, as_kept, merged
from schemas.links import Link, LinkError, NewerLinkError, form_of, read_origin
from schemas.rules import NO_RULES, LinkRules
from schemas.topics import LINKS, RECORDS

_ALPHABET: Final = "23456789abcdefghjkmnpqrstuvwxyz"
"""No letter that is easily taken for another: slugs are read aloud and typed on phones."""
_TRIES: Final = 20
_FROM: Final = datetime(1970, 1, 1, tzinfo=UTC)
_BEFORE: Final = datetime(2200, 1, 1, tzinfo=UTC)
_TIMES: Final = ("published_at", "starts_at", "expires_at")
_FIELDS: Final = frozenset(LinkPatch.__struct_fields__)
_RULE_FIELDS: Final = frozenset(RULE_DEFAULTS)
_CREATED, _OK, _NO_CONTENT = 201, 200, 204

_encode: Final = msgspec.json.Encoder().encode


class Write(msgspec.Struct, frozen=True, gc=False):
    """A record of a compacted topic; without a value it deletes the key."""

    topic: str
    key: str
    value: bytes | None


class Decision(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is to be written, and what is answered once it is: a link, or a record of another kind as JSON."""

    writes: tuple[Write, ...]
    status: int
    key: str
    link: Link | None
    record: bytes | None = None
    replayed: bool = False


class View(Protocol):
    """The links and records as they are, with all that is decided and not yet written."""

    def link(self, key: str) -> Link | None:
        """The link named `domain/slug`. Raises NewerLinkError."""

    def record(self, key: str) -> bytes | None:
        """The value of a record of the topic `records`."""

    def has_links(self, domain: str) -> bool:
        """Whether a domain has any link."""


class Situation(msgspec.Struct, frozen=True):
    """Who asks, what this installation takes, what there is, and when it is."""

    caller: Caller
    policy: Policy
    view: View
    now_ms: int


class Change(Protocol):
    """One request to change something."""

    def decide(self, view: View, now_ms: int) -> Decision:
        """What becomes of it. Raises Problem."""


@dataclass(frozen=True, kw_only=True)
class Create:
    """Make a link, with a slug of its own or a made-up one."""

    body: NewLink
    caller: Caller
    policy: Policy
    slug_length: int
    choose: Callable[[str], str] = secrets.choice

    def decide(self, view: View, now_ms: int) -> Decision:
        """A link that does not exist yet."""
        domain = self.policy.domain(None if self.body.domain is UNSET else self.body.domain)
        if self.body.slug is UNSET:
            slug = self._made_up(view, domain)
        else:
            slug = slug_named(self.body.slug)
            if _link(view, f"{domain}/{slug}") is not None:
                raise Problem(
                    "exists",
                    f"there is a link {domain}/{slug}: change it by PATCH, or choose another slug",
                    pointer="/slug",
                )
        return _made(self.body, domain, slug, Situation(self.caller, self.policy, view, now_ms))

    def _made_up(self, view: View, domain: str) -> str:
        for attempt in range(_TRIES):
            length = self.slug_length + attempt // 4
            slug = "".join(self.choose(_ALPHABET) for _ in range(length))
            if view.link(f"{domain}/{slug}") is None and view.record(deleted_key(f"{domain}/{slug}")) is None:
                return slug
        raise Problem("failed", f"no free slug was found in {_TRIES} tries: raise CLICKTALLY_API_SLUG_LENGTH")


@dataclass(frozen=True, kw_only=True)
class Patch:
    """Change a link that exists."""

    key: str
    body: LinkPatch
    caller: Caller
    policy: Policy
    if_match: str = ""

    def decide(self, view: View, now_ms: int) -> Decision:
        """The link with what the body says; nothing is written when it is so already."""
        before = existing(view, self.key, self.caller)
        check_match(before, self.if_match)
        return _changed(self.body, before, Situation(self.caller, self.policy, view, now_ms))


@dataclass(frozen=True, kw_only=True)
class Delete:
    """Delete a link; it can be restored for a while."""

    key: str
    caller: Caller
    if_match: str = ""

    def decide(self, view: View, now_ms: int) -> Decision:
        """The link goes from one topic to the other, in one transaction."""
        before = existing(view, self.key, self.caller)
        check_match(before, self.if_match)
        kept = DeletedLink(link=before, deleted_at_ms=now_ms, deleted_by=self.caller.token_id)
        writes = (Write(LINKS, self.key, None), Write(RECORDS, deleted_key(self.key), _encode(kept)))
        return Decision(writes=writes, status=_NO_CONTENT, key=self.key, link=None)


@dataclass(frozen=True, kw_only=True)
class Restore:
    """Bring a deleted link back, unless its name was given away."""

    key: str
    caller: Caller
    policy: Policy

    def decide(self, view: View, now_ms: int) -> Decision:
        """The link as it was when it was deleted."""
        value = view.record(deleted_key(self.key))
        kept = None if value is None else msgspec.json.decode(value, type=DeletedLink)
        if kept is None or not self.caller.speaks_for(kept.link.account):
            raise Problem(
                "not-found",
                f"there is no deleted link {self.key}: GET /v1/deleted-links lists those that there are",
            )
        if _link(view, self.key) is not None:
            raise Problem("exists", f"there is a link {self.key} by now: delete it first, or leave it")
        # Later than it ever was, though another console's clock made it: no ETag of before holds again.
        link = msgspec.structs.replace(kept.link, updated_at_ms=max(now_ms, kept.link.updated_at_ms + 1))
        self.policy.check(link, view.has_links)
        writes = (Write(LINKS, self.key, _encode(link)), Write(RECORDS, deleted_key(self.key), None))
        return Decision(writes=writes, status=_OK, key=self.key, link=link)


class Upsert(msgspec.Struct, kw_only=True, gc=False):
    """A line of a bulk: make the link, or change it, or delete it."""

    line: BulkLine
    caller: Caller
    policy: Policy
    read: tuple[str, str] = ("", "")

    def name(self) -> tuple[str, str]:
        """Domain and slug, read once. Raises Problem."""
        if not self.read[0]:
            self.read = self.policy.domain(self.line.domain), slug_named(self.line.slug)
        return self.read

    def decide(self, view: View, now_ms: int) -> Decision:
        """As the line says; a line a second time changes nothing."""
        domain, slug = self.name()
        key = f"{domain}/{slug}"
        before = _link(view, key)
        if self.line.delete:
            if before is None:
                return Decision(writes=(), status=_NO_CONTENT, key=key, link=None)
            return Delete(key=key, caller=self.caller).decide(view, now_ms)
        if before is None:
            return _made(self.line, domain, slug, Situation(self.caller, self.policy, view, now_ms))
        _check_account(before, self.caller)
        return _changed(self.line, before, Situation(self.caller, self.policy, view, now_ms))


@dataclass(frozen=True, kw_only=True)
class IdempotentChange:
    """A change with an Idempotency-Key: made once, answered alike whenever it comes again."""

    change: Change
    answer_key: str
    request_hash: str

    def decide(self, view: View, now_ms: int) -> Decision:
        """The change and its answer, to be written together; or the answer that was kept."""
        value = view.record(self.answer_key)
        if value is not None:
            kept = msgspec.json.decode(value, type=KeptAnswer)
            if kept.asked != self.request_hash:
                raise Problem(
                    "key-reused",
                    "this Idempotency-Key came with another request before: take a new key for another thing",
                    parameter="Idempotency-Key",
                )
            return Decision(
                writes=(), status=kept.status, key=kept.key, link=kept.link, record=kept.record, replayed=True
            )
        decided = self.change.decide(view, now_ms)
        kept = KeptAnswer(
            asked=self.request_hash,
            status=decided.status,
            link=decided.link,
            record=decided.record,
            key=decided.key,
            at_ms=now_ms,
        )
        return Decision(
            writes=(*decided.writes, Write(RECORDS, self.answer_key, _encode(kept))),
            status=decided.status,
            key=decided.key,
            link=decided.link,
            record=decided.record,
        )


def existing(view: View, key: str, caller: Caller) -> Link:
    """The link of this name, if the caller may see it. Raises Problem."""
    link = _link(view, key)
    if link is None or not caller.speaks_for(link.account):
        raise Problem("not-found", f"there is no link {key}")
    return link


def check_match(link: Link, if_match: str) -> None:
    """Raise Problem when the link is not in a state that If-Match names."""
    if not if_match or if_match.strip() == "*":
        return
    if etag_of(link) not in [one.strip() for one in if_match.split(",")]:
        raise Problem(
            "precondition-failed",
            f"{link.key} was changed meanwhile: read it again, and send its ETag in If-Match",
            parameter="If-Match",
        )


def _link(view: View, key: str) -> Link | None:
    try:
        return view.link(key)
    except NewerLinkError as error:
        raise Problem("unavailable", f"{key}: {error}", headers=(("Retry-After", "60"),)) from error


def _check_account(link: Link, caller: Caller) -> None:
    if not caller.speaks_for(link.account):
        raise Problem("exists", f"{link.key} is taken: choose another slug", pointer="/slug")


def _made(body: LinkPatch, domain: str, slug: str, situation: Situation) -> Decision:
    now_ms = situation.now_ms
    values = _with_rules(_values(body, now_ms), NO_RULES, now_ms)
    if "destination" not in values:
        raise Problem(
            "invalid", f"{domain}/{slug} is new and needs a destination: say where it leads", pointer="/destination"
        )
    values.setdefault("account", situation.caller.account)
    link = _linked(
        {"domain": domain, "slug": slug, "created_at_ms": now_ms, "updated_at_ms": now_ms, **values}, situation
    )
    return Decision(writes=(Write(LINKS, link.key, _encode(link)),), status=_CREATED, key=link.key, link=link)


def _changed(body: LinkPatch, before: Link, situation: Situation) -> Decision:
    link = link_with(body, before, situation)
    if link is before:
        return Decision(writes=(), status=_OK, key=before.key, link=before)
    return Decision(writes=(Write(LINKS, link.key, _encode(link)),), status=_OK, key=link.key, link=link)


def link_with(body: LinkPatch, before: Link, situation: Situation) -> Link:
    """The link with what a body says; the same one when it is so already. Raises Problem."""
    values = _with_rules(_values(body, situation.now_ms), before.said, situation.now_ms)
    if before.archived_at_ms is not None and values.get("archived_at_ms"):
        del values["archived_at_ms"]  # it was put away before
    fields = msgspec.structs.asdict(before) | values
    if msgspec.convert(fields, Link) == before:
        return before
    # Strictly later: two changes of one millisecond have two ETags.
    return _linked(fields | {"updated_at_ms": max(situation.now_ms, before.updated_at_ms + 1)}, situation)


def _linked(fields: dict[str, Any], situation: Situation) -> Link:
    caller = situation.caller
    try:
        link = msgspec.convert(fields, Link)
    except msgspec.ValidationError as error:
        raise Problem("invalid", f"{error}: correct this value", pointer=pointer_in(str(error))) from error
    if link.v != form_of(link):
        link = msgspec.structs.replace(link, v=form_of(link))
    if not caller.speaks_for(link.account):
        raise Problem(
            "forbidden",
            f"this token speaks for account {caller.account!r} only: name that, or none",
            pointer="/account",
        )
    situation.policy.check(link, situation.view.has_links)
    return link


def _values(body: LinkPatch, now_ms: int) -> dict[str, Any]:
    """What a body says, by the names of a link's fields; null is the field's default. Raises Problem."""
    values: dict[str, Any] = {}
    for name in msgspec.to_builtins(body):  # those that are set: going through all takes five times as long
        if name not in _FIELDS:
            continue
        value = getattr(body, name)
        if isinstance(value, str):  # most are
            values[name] = value.strip()
        elif name in _TIMES:
            values[f"{name}_ms"] = read_time(name, value)
        elif name == "archived":
            values["archived_at_ms"] = now_ms if value else None
        elif value is None:
            values[name] = DEFAULTS[name]
        else:
            values[name] = tuple(value) if isinstance(value, list) else value
    if values.get("origins"):
        values["origins"] = tuple(_origin(number, one) for number, one in enumerate(values["origins"]))
    return values


def _with_rules(values: dict[str, Any], before: LinkRules, now_ms: int) -> dict[str, Any]:
    """`values` with what they say of rules as the link's field `rules`, if they say any. Raises Problem."""
    if _RULE_FIELDS.isdisjoint(values):
        return values
    said = {name: values.pop(name) for name in RULE_DEFAULTS if name in values}
    try:
        rules = as_kept(merged(before, said, now_ms))
    except NumberError as error:
        raise Problem("invalid", str(error), pointer=f"/{str(error).partition(' ')[0]}") from error
    return values | {"rules": rules}


DEFAULTS: Final = {
    field.encode_name: field.default for field in msgspec.structs.fields(Link) if not field.required
} | RULE_DEFAULTS
"""What an emptied field holds."""


def read_time(name: str, value: datetime | None) -> int | None:
    """Milliseconds since 1970, of a time that can be stored. Raises Problem."""
    if value is None:
        return None
    if not _FROM <= value < _BEFORE:
        raise Problem(
            "invalid", "this is not between 1970 and 2200: give null if there is none", pointer=f"/{name}"
        )
    return ms_of(value)


def _origin(number: int, text: str) -> str:
    try:
        return read_origin(text)
    except LinkError as error:
        raise Problem("invalid", str(error), pointer=f"/origins/{number}") from error
