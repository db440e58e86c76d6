"""Mailgun's webhooks: one event a request, HMAC-SHA256 over a timestamp and a token that is used once."""

import hashlib
import hmac
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from redirector.serve.webhooks.mail_events import (
    IGNORED,
    MACHINE_AGENT,
    UNREADABLE,
    EventError,
    MailEvent,
    MalformedError,
    SignatureError,
    named_link,
    unreadable,
)


class Signature(msgspec.Struct, frozen=True):
    """What Mailgun signs with. The event itself is not signed: the token makes it good for one request."""

    timestamp: Annotated[str, Meta(pattern="^[0-9]{1,11}$")]
    token: Annotated[str, Meta(min_length=1, max_length=256)]
    signature: Annotated[str, Meta(max_length=256)]

    @property
    def signed_ms(self) -> int:
        """When it was signed, milliseconds since 1970 UTC."""
        return int(self.timestamp) * 1000


class _ClientInfo(msgspec.Struct, rename={"user_agent": "user-agent"}):
    user_agent: str | None = None
    bot: str | None = None


class _Event(msgspec.Struct, rename={"client_info": "client-info", "user_variables": "user-variables"}):
    event: str
    id: Annotated[str, Meta(max_length=256)] = ""
    timestamp: Annotated[float, Meta(ge=0, le=1e11)] = 0.0
    client_info: _ClientInfo | None = None
    user_variables: dict[str, Any] | list[Any] | None = None


class _Body(msgspec.Struct, rename={"event_data": "event-data"}):
    signature: Signature
    event_data: msgspec.Raw


_body: Final = msgspec.json.Decoder(_Body).decode
_event: Final = msgspec.json.Decoder(_Event).decode


def signature_of(key: bytes, body: bytes) -> tuple[Signature, msgspec.Raw]:
    """Who vouches for a body, and the event in it. Raises MalformedError, and SignatureError where nobody does."""
    try:
        read = _body(body)
    except UNREADABLE as error:
        raise MalformedError(f"the body is not Mailgun's: {unreadable(error)}") from error
    signature = read.signature
    wanted = hmac.new(key, f"{signature.timestamp}{signature.token}".encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(wanted.encode(), signature.signature.lower().encode("utf-8", "replace")):
        raise SignatureError("signature", "the signature is not Mailgun's: check the webhook signing key")
    return signature, read.event_data


def read(raw: msgspec.Raw) -> MailEvent | EventError:
    """The event; EventError, returned, for one that cannot be read."""
    try:
        event = _event(raw)
    except UNREADABLE as error:
        return EventError(unreadable(error))
    if event.event not in ("delivered", "opened"):
        return IGNORED
    if not event.id:
        return EventError("it has no id")
    client = event.client_info or _ClientInfo()
    machine = event.event == "opened" and bool(client.bot)
    variables = event.user_variables if isinstance(event.user_variables, dict) else {}
    return MailEvent(
        happening="delivered" if event.event == "delivered" else "machine_opened" if machine else "opened",
        id=event.id,
        time_ms=round(event.timestamp * 1000),
        link=named_link(variables),
        ua=MACHINE_AGENT if machine else client.user_agent or "",
    )
