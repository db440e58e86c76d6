"""Postmark's webhooks: one event a request, known by the user and password in the webhook's address."""

import base64
import binascii
import hashlib
import hmac
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from redirector.serve.webhooks.mail_events import (
    IGNORED,
    UNREADABLE,
    EventError,
    MailEvent,
    MalformedError,
    SignatureError,
    moment_ms,
    named_link,
    unreadable,
)


class _Event(msgspec.Struct, rename="pascal"):
    record_type: str
    message_id: Annotated[str, Meta(max_length=256)] = msgspec.field(name="MessageID", default="")
    recipient: Annotated[str, Meta(max_length=512)] = ""
    received_at: str = ""
    delivered_at: str = ""
    user_agent: str | None = None
    metadata: dict[str, Any] = {}


_event: Final = msgspec.json.Decoder(_Event).decode


def check_credentials(credentials: str, authorization: str) -> None:
    """Raise SignatureError unless the header has the user and password of the settings."""
    scheme, _, encoded = authorization.strip().partition(" ")
    try:
        shown = base64.b64decode(encoded.strip(), validate=True) if scheme.lower() == "basic" else b""
    except (binascii.Error, ValueError):
        shown = b""
    if not hmac.compare_digest(shown, credentials.encode()):
        raise SignatureError(
            "signature", "user or password are not those of the settings: see the webhook's address"
        )


def read(body: bytes) -> MailEvent | EventError:
    """The event of a body. Its id is a hash of what tells it from others: Postmark gives events none.

    Raises MalformedError.
    """
    try:
        event = _event(body)
    except UNREADABLE as error:
        raise MalformedError(f"the body is not Postmark's: {unreadable(error)}") from error
    if event.record_type not in ("Delivery", "Open"):
        return IGNORED
    at = event.delivered_at if event.record_type == "Delivery" else event.received_at
    if not event.message_id or not at:
        return EventError("it has no MessageID, or no time")
    time_ms = moment_ms(at)
    if time_ms is None:
        return EventError(f"its time {at[:40]!r} is none")
    identity = f"{event.record_type}\0{event.message_id}\0{event.recipient}\0{at}"
    return MailEvent(
        happening="delivered" if event.record_type == "Delivery" else "opened",
        id=hashlib.blake2b(identity.encode("utf-8", "replace"), digest_size=16).hexdigest(),
        time_ms=time_ms,
        link=named_link(event.metadata),
        ua=event.user_agent or "",
    )
