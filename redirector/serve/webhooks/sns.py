"""Amazon SNS: messages signed with a certificate of Amazon's own, and topics that want to be confirmed.

Anybody may make a topic and have Amazon sign for it: what is taken is what the settings name. Certificates and
confirmations are fetched from the topic's own region only, `sns.<region>.amazonaws.com`.
https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
"""

import base64
import binascii
import re
from typing import Annotated, Final
from urllib.parse import parse_qs, urlsplit

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.x509 import Certificate
from msgspec import Meta

from redirector.serve.webhooks.mail_events import UNREADABLE, MalformedError, SignatureError, moment_ms, unreadable

_ARN: Final = re.compile(r"arn:(aws|aws-cn|aws-us-gov):sns:([a-z0-9-]{4,32}):[0-9]{12}:[A-Za-z0-9_.-]{1,256}")
_CERTIFICATE_PATH: Final = re.compile(r"/SimpleNotificationService-[0-9A-Za-z]{1,64}\.pem")
_NOTIFICATION: Final = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_CONFIRMATION: Final = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
_HASHES: Final = {"1": SHA1, "2": SHA256}
_URL = Annotated[str, Meta(max_length=2048)]


class SnsMessage(msgspec.Struct, frozen=True):
    """The outer object of a request."""

    Type: str
    MessageId: Annotated[str, Meta(max_length=256)]
    TopicArn: Annotated[str, Meta(max_length=512)]
    Message: str
    Timestamp: Annotated[str, Meta(max_length=64)]
    SignatureVersion: str
    Signature: Annotated[str, Meta(max_length=2048)]
    SigningCertURL: _URL
    Subject: str | None = None
    Token: str | None = None
    SubscribeURL: _URL | None = None


_decode: Final = msgspec.json.Decoder(SnsMessage).decode


def read(body: bytes) -> SnsMessage:
    """The outer object of a body. Raises MalformedError."""
    try:
        return _decode(body)
    except UNREADABLE as error:
        raise MalformedError(
            f"the body is no message of SNS (switch off raw message delivery): {unreadable(error)}"
        ) from error


def host_of(topic: str) -> str:
    """The only host that may speak for a topic. Raises ValueError for what is no topic's ARN."""
    arn = _ARN.fullmatch(topic)
    if arn is None:
        raise ValueError(f"{topic[:80]!r} is no topic: write its ARN, arn:aws:sns:<region>:<account>:<name>")
    return f"sns.{arn[2]}.amazonaws.com" + (".cn" if arn[1] == "aws-cn" else "")


def check_certificate_url(message: SnsMessage) -> str:
    """Where the certificate lies. Raises SignatureError unless that is Amazon's place for the topic's region."""
    url = message.SigningCertURL
    host = host_of(message.TopicArn)
    if not url.startswith(f"https://{host}/") or not _CERTIFICATE_PATH.fullmatch(
        url.removeprefix(f"https://{host}")
    ):
        raise SignatureError("signature", f"SigningCertURL is no certificate of https://{host}")
    return url


def check_subscribe_url(message: SnsMessage) -> str:
    """Where a subscription is confirmed. Raises SignatureError unless that is the topic's own host and itself."""
    url = message.SubscribeURL or ""
    host = host_of(message.TopicArn)
    query = parse_qs(urlsplit(url).query) if url.startswith(f"https://{host}/?") else {}
    if query.get("Action") != ["ConfirmSubscription"] or query.get("TopicArn") != [message.TopicArn]:
        raise SignatureError("signature", f"SubscribeURL is no confirmation of this topic at https://{host}")
    return url


def signed_at_ms(message: SnsMessage, certificate: Certificate) -> int:
    """When Amazon signed a message. Raises SignatureError where it did not."""
    names = _NOTIFICATION if message.Type == "Notification" else _CONFIRMATION
    parts = [(name, getattr(message, name)) for name in names]
    text = "".join(f"{name}\n{value}\n" for name, value in parts if value is not None)
    key, kind = certificate.public_key(), _HASHES.get(message.SignatureVersion)
    if kind is None or not isinstance(key, RSAPublicKey):
        raise SignatureError(
            "signature", f"SignatureVersion {message.SignatureVersion[:8]!r} is not known: 1 or 2 is"
        )
    try:
        signature = base64.b64decode(message.Signature, validate=True)
        key.verify(signature, text.encode(), PKCS1v15(), kind())
    except (binascii.Error, ValueError, InvalidSignature) as error:
        raise SignatureError("signature", "the signature is not Amazon's for this message") from error
    signed_ms = moment_ms(message.Timestamp)
    if signed_ms is None:
        raise SignatureError("signature", "its Timestamp is no time")
    return signed_ms
