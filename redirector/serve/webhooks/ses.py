"""Amazon SES's events, as they stand in the `Message` of SNS: event publishing and notifications."""

import hashlib
from typing import Any, Final

import msgspec

from redirector.serve.webhooks.mail_events import (
    IGNORED,
    UNREADABLE,
    EventError,
    MailEvent,
    moment_ms,
    named_link,
    unreadable,
)

_LINK_HEADER: Final = "x-clicktally-link"
_RECIPIENTS_MAX: Final = 1000


class _Header(msgspec.Struct):
    name: str = ""
    value: str = ""


class _Mail(msgspec.Struct, rename="camel"):
    message_id: str = ""
    tags: dict[str, Any] = {}
    headers: list[_Header] = []


class _Delivery(msgspec.Struct):
    timestamp: str = ""
    recipients: list[msgspec.Raw] = []


class _Open(msgspec.Struct, rename="camel"):
    timestamp: str = ""
    user_agent: str | None = None


class _Event(msgspec.Struct, rename="camel"):
    event_type: str = ""
    notification_type: str = ""
    mail: _Mail | None = None
    delivery: _Delivery | None = None
    open: _Open | None = None


_event: Final = msgspec.json.Decoder(_Event).decode


def read(text: str, message_id: str) -> MailEvent | EventError:
    """The event in a message of SNS, known by SNS's id of it: that stays the same when SNS sends again."""
    try:
        event = _event(text)
    except UNREADABLE as error:
        return EventError(unreadable(error))
    kind = event.event_type or event.notification_type
    mail = event.mail or _Mail()
    if kind == "Delivery" and event.delivery is not None:
        at, count, ua = event.delivery.timestamp, len(event.delivery.recipients), ""
    elif kind == "Open" and event.open is not None:
        at, count, ua = event.open.timestamp, 1, event.open.user_agent or ""
    else:
        return IGNORED
    if not 1 <= count <= _RECIPIENTS_MAX:
        return EventError(f"it has {count} recipients")
    time_ms = moment_ms(at)
    if time_ms is None:
        return EventError(f"its timestamp {at[:40]!r} is no time")
    in_headers = {one.name.lower(): one.value for one in mail.headers}
    return MailEvent(
        happening="delivered" if kind == "Delivery" else "opened",
        id=hashlib.blake2b(message_id.encode("utf-8", "replace"), digest_size=16).hexdigest(),
        time_ms=time_ms,
        link=in_headers.get(_LINK_HEADER, "") or named_link(mail.tags),
        ua=ua,
        count=count,
    )
