"""SendGrid's Event Webhook: a JSON array, signed by ECDSA (P-256, SHA-256) over timestamp and raw bytes."""

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final

import msgspec
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key
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

SIGNATURE_HEADER: Final = "X-Twilio-Email-Event-Webhook-Signature"
TIMESTAMP_HEADER: Final = "X-Twilio-Email-Event-Webhook-Timestamp"

_SIGNATURE_MAX_CHARS: Final = 200
_TIMESTAMP_MAX_CHARS: Final = 11


class _Event(msgspec.Struct):
    event: str
    sg_event_id: Annotated[str, Meta(max_length=256)] = ""
    timestamp: Annotated[int, Meta(ge=0, le=10**11)] = 0
    sg_machine_open: bool = False
    useragent: str | None = None


_events: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode
_event: Final = msgspec.json.Decoder(_Event).decode
_named: Final = msgspec.json.Decoder(dict[str, Any]).decode


def read_key(text: str) -> EllipticCurvePublicKey:
    """The verification key as SendGrid shows it: base64 of DER. Raises ValueError."""
    try:
        key = load_der_public_key(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError, UnsupportedAlgorithm) as error:
        raise ValueError("it is no public key: copy the Verification Key of SendGrid's signed webhook") from error
    if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
        return key
    raise ValueError("it is no key of P-256: copy the Verification Key of SendGrid's signed webhook")


def signed_at_ms(key: EllipticCurvePublicKey | None, headers: Mapping[str, str], body: bytes) -> int:
    """When SendGrid signed these bytes. Raises SignatureError where it did not."""
    timestamp, signature = headers.get(TIMESTAMP_HEADER, ""), headers.get(SIGNATURE_HEADER, "")
    if (
        not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= _TIMESTAMP_MAX_CHARS)
        or not signature
        or key is None
    ):
        raise SignatureError(
            "signature", f"{SIGNATURE_HEADER} or {TIMESTAMP_HEADER} is missing: switch on the signed webhook"
        )
    try:
        der = base64.b64decode(signature[:_SIGNATURE_MAX_CHARS], validate=True)
        key.verify(der, timestamp.encode() + body, ECDSA(SHA256()))
    except (binascii.Error, ValueError, InvalidSignature) as error:
        raise SignatureError("signature", "the signature is not SendGrid's for these bytes") from error
    return int(timestamp) * 1000


def read(body: bytes) -> Iterator[MailEvent | EventError]:
    """The events of a body. Raises MalformedError before the first."""
    try:
        raws = _events(body)
    except UNREADABLE as error:
        raise MalformedError(f"the body is no array of events: {unreadable(error)}") from error
    return map(_read, raws)


def _read(raw: msgspec.Raw) -> MailEvent | EventError:
    try:
        event = _event(raw)
        if event.event not in ("delivered", "open"):
            return IGNORED
        if not event.sg_event_id:
            return EventError("it has no sg_event_id")
        machine = event.event == "open" and event.sg_machine_open
        return MailEvent(
            happening="delivered" if event.event == "delivered" else "machine_opened" if machine else "opened",
            id=event.sg_event_id,
            time_ms=event.timestamp * 1000,
            link=named_link(_named(raw)),
            ua=MACHINE_AGENT if machine else event.useragent or "",
        )
    except UNREADABLE as error:
        return EventError(unreadable(error))
