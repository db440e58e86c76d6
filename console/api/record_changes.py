"""What a request makes of a campaign or a post: pure decisions, as those on links."""

import hashlib
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import msgspec
from msgspec import UNSET

from console.api.callers import Caller
from console.api.changes import Decision, View, Write, read_time
from console.api.named_records import Campaign, Named, Post, channel_name
from console.api.policy import check_text
from console.api.problems import Problem, pointer_in
from console.api.record_wire import CampaignPatch, PostPatch
from schemas.destinations import destination_fault
from schemas.topics import RECORDS

_CREATED, _OK = 201, 200
_IDENTITY: Final = ("name", "account", "campaign", "channel")
_encode: Final = msgspec.json.Encoder().encode

Kind = TypeVar("Kind", bound=Named)


@dataclass(frozen=True, kw_only=True)
class Save:
    """Change a campaign or a post, or make it where there is none. `empty` has its names alone."""

    empty: Named
    body: CampaignPatch | PostPatch
    caller: Caller
    if_match: str = ""

    def decide(self, view: View, now_ms: int) -> Decision:
        """The record with what the body says; nothing is written when it is so already."""
        key = self.empty.key
        if not self.caller.speaks_for(self.empty.account):
            raise Problem(
                "forbidden", f"this token speaks for account {self.caller.account!r} only", parameter="account"
            )
        value = view.record(key)
        before = None if value is None else read_record(value, type(self.empty))
        if self.if_match and (before is None or etag_of_record(before) not in _tags(self.if_match)):
            raise Problem(
                "precondition-failed",
                "it was changed meanwhile: read it again, and send its ETag in If-Match",
                parameter="If-Match",
            )
        fields = msgspec.structs.asdict(before or self.empty) | _values(self.body)
        if before is not None and _converted(fields, type(before)) == before:
            return Decision(writes=(), status=_OK, key=key, link=None, record=value)
        fields["updated_at_ms"] = now_ms if before is None else max(now_ms, before.updated_at_ms + 1)
        if before is None:
            fields["created_at_ms"] = now_ms
        after = _encode(checked(_converted(fields, type(self.empty))))
        return Decision(
            writes=(Write(RECORDS, key, after),),
            status=_CREATED if before is None else _OK,
            key=key,
            link=None,
            record=after,
        )


def read_record(value: bytes, kind: type[Kind]) -> Kind:
    """A record of the topic. Raises Problem for one that a newer release wrote."""
    try:
        return msgspec.json.decode(value, type=kind)
    except msgspec.DecodeError as error:
        raise Problem("unavailable", "a newer release wrote this record: upgrade this console") from error


def etag_of_record(record: Named) -> str:
    """The ETag of a record: of its whole content."""
    return f'"{hashlib.blake2b(_encode(record), digest_size=12).hexdigest()}"'


def checked(record: Named) -> Named:
    """Raise Problem for what breaks or turns a line, and for times and addresses that cannot be."""
    for name in record.__struct_fields__:
        value = getattr(record, name)
        if isinstance(value, str):
            check_text(value, f"/{name}", lines=name in {"text", "note"})
    if isinstance(record, Post) and record.channel != channel_name(record.channel):
        raise Problem("invalid", f"write the channel as {channel_name(record.channel)!r}", pointer="/channel")
    if isinstance(record, Post) and record.post_url and (fault := destination_fault(record.post_url)):
        raise Problem("invalid", f"this {fault}", pointer="/post_url")
    if (
        isinstance(record, Campaign)
        and record.starts_at_ms is not None
        and record.ends_at_ms is not None
        and record.starts_at_ms > record.ends_at_ms
    ):
        raise Problem("invalid", "it ends before it starts: exchange the two", pointer="/ends_at")
    return record


def _values(body: CampaignPatch | PostPatch) -> dict[str, Any]:
    defaults = _DEFAULTS[type(body)]
    values: dict[str, Any] = {}
    for name in body.__struct_fields__:
        value = getattr(body, name)
        if value is UNSET:
            continue
        if name.endswith("_at"):
            values[f"{name}_ms"] = read_time(name, value)
        else:
            values[name] = defaults[name] if value is None else value
    return values


def _converted(fields: dict[str, Any], kind: type[Kind]) -> Kind:
    try:
        return msgspec.convert(fields, kind)
    except msgspec.ValidationError as error:
        raise Problem("invalid", f"{error}: correct this value", pointer=pointer_in(str(error))) from error


def _tags(if_match: str) -> list[str]:
    return [one.strip() for one in if_match.split(",")]


_DEFAULTS: Final = {
    body: {field.name: field.default for field in msgspec.structs.fields(kind) if field.name not in _IDENTITY}
    for body, kind in ((CampaignPatch, Campaign), (PostPatch, Post))
}
"""What an emptied field holds."""
