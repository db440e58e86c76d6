"""Providers as tests have them: keys of their own, and requests that they sign."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from redirector.serve.webhooks import sendgrid, sns
from tests.builders import NOW_MS

SENDGRID_KEY: Final = ec.generate_private_key(ec.SECP256R1())
SENDGRID_PUBLIC: Final = base64.b64encode(
    SENDGRID_KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
).decode()
MAILGUN_KEY: Final = "key-of-mailgun"
POSTMARK: Final = "hook:pässword"
TOPIC: Final = "arn:aws:sns:eu-west-1:123456789012:mail"
HOST: Final = "sns.eu-west-1.amazonaws.com"
CERTIFICATE_PATH: Final = "/SimpleNotificationService-0123456789abcdef.pem"
AMAZON_KEY: Final = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def certificate_of(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, *hosts: str) -> x509.Certificate:
    """A certificate that signs itself."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    if hosts:
        alternatives = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
        builder = builder.add_extension(alternatives, critical=False)
    return builder.sign(key, SHA256())


AMAZON_CERTIFICATE: Final = certificate_of(AMAZON_KEY)


def as_sendgrid(events: Any, *, signed_ms: int = NOW_MS) -> tuple[bytes, dict[str, str]]:
    """A body of SendGrid's, and its headers."""
    body = events if isinstance(events, bytes) else json.dumps(events).encode()
    timestamp = str(signed_ms // 1000)
    signature = SENDGRID_KEY.sign(timestamp.encode() + body, ec.ECDSA(SHA256()))
    return body, {
        sendgrid.SIGNATURE_HEADER: base64.b64encode(signature).decode(),
        sendgrid.TIMESTAMP_HEADER: timestamp,
    }


def as_mailgun(event: Any, *, nonce: str = "t1", signed_ms: int = NOW_MS) -> bytes:
    """A body of Mailgun's."""
    timestamp = str(signed_ms // 1000)
    signature = hmac.new(MAILGUN_KEY.encode(), f"{timestamp}{nonce}".encode(), hashlib.sha256).hexdigest()
    signed = {"timestamp": timestamp, "token": nonce, "signature": signature}
    return json.dumps({"signature": signed, "event-data": event}).encode()


def as_postmark(credentials: str = POSTMARK) -> dict[str, str]:
    """Postmark's header."""
    return {"Authorization": f"Basic {base64.b64encode(credentials.encode()).decode()}"}


def as_amazon(
    message: Any = None, *, version: str = "2", signed_ms: int = NOW_MS, **changes: Any
) -> dict[str, Any]:
    """A message of SNS, signed after all changes but those of what is not signed."""
    outer = {
        "Type": "Notification",
        "MessageId": "m-1",
        "TopicArn": TOPIC,
        "Message": message if isinstance(message, str) else json.dumps(message),
        "Timestamp": datetime.fromtimestamp(signed_ms / 1000, UTC).isoformat().replace("+00:00", "Z"),
        "SignatureVersion": version,
        "Signature": "",
        "SigningCertURL": f"https://{HOST}{CERTIFICATE_PATH}",
        **changes,
    }
    names = sns._NOTIFICATION if outer["Type"] == "Notification" else sns._CONFIRMATION
    text = "".join(f"{name}\n{outer[name]}\n" for name in names if outer.get(name) is not None)
    kind = SHA1() if version == "1" else SHA256()  # noqa: S303 - what Amazon signs version 1 with
    outer["Signature"] = base64.b64encode(AMAZON_KEY.sign(text.encode(), PKCS1v15(), kind)).decode()
    return outer


def confirmation(**changes: Any) -> dict[str, Any]:
    """What SNS sends first."""
    usual = {
        "Type": "SubscriptionConfirmation",
        "Token": "tok",
        "SubscribeURL": f"https://{HOST}/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=tok",
    }
    return as_amazon("You have chosen to subscribe.", **{**usual, **changes})


SENT: Final = {"email": "a@example.org", "timestamp": NOW_MS // 1000, "sg_message_id": "m1.x", "ip": "192.0.2.1"}
"""What SendGrid says in all events."""
SES_MAIL: Final = {"messageId": "s-1", "destination": ["a@example.org"], "tags": {"clicktally_link": ["sho.rt/a"]}}
SES_TIME: Final = datetime.fromtimestamp(NOW_MS / 1000, UTC).isoformat().replace("+00:00", "Z")
