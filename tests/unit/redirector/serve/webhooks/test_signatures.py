"""Who sent a webhook is proved by its signature, bit for bit; and where Amazon may be asked."""

import base64
import json
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from redirector.serve.webhooks import mailgun, postmark, sendgrid, sns
from redirector.serve.webhooks.mail_events import MalformedError, SignatureError, check_age
from tests.builders import NOW_MS
from tests.unit.redirector.serve.webhooks.providers import (
    AMAZON_CERTIFICATE,
    HOST,
    MAILGUN_KEY,
    POSTMARK,
    SENDGRID_KEY,
    SENDGRID_PUBLIC,
    SENT,
    TOPIC,
    as_amazon,
    as_mailgun,
    as_postmark,
    as_sendgrid,
    certificate_of,
    confirmation,
)

KEY = sendgrid.read_key(SENDGRID_PUBLIC)


def flipped(raw: bytes, bit: int) -> bytes:
    """The bytes with one bit the other way round."""
    changed = bytearray(raw)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def message(outer: dict[str, Any]) -> sns.SnsMessage:
    return sns.read(json.dumps(outer).encode())


def test_what_sendgrid_signed_is_sendgrids() -> None:
    body, headers = as_sendgrid([SENT])
    assert sendgrid.signed_at_ms(KEY, headers, body) == NOW_MS // 1000 * 1000


def test_one_bit_of_body_signature_or_timestamp_flipped_is_not_sendgrids() -> None:
    body, headers = as_sendgrid([SENT])
    for bit in range(0, len(body) * 8, 37):
        with pytest.raises(SignatureError):
            sendgrid.signed_at_ms(KEY, headers, flipped(body, bit))
    signature = base64.b64decode(headers[sendgrid.SIGNATURE_HEADER])
    for bit in range(len(signature) * 8):
        wrong = base64.b64encode(flipped(signature, bit)).decode()
        with pytest.raises(SignatureError):
            sendgrid.signed_at_ms(KEY, {**headers, sendgrid.SIGNATURE_HEADER: wrong}, body)
    with pytest.raises(SignatureError):
        sendgrid.signed_at_ms(KEY, {**headers, sendgrid.TIMESTAMP_HEADER: str(NOW_MS // 1000 + 1)}, body)


@pytest.mark.parametrize("missing", [sendgrid.SIGNATURE_HEADER, sendgrid.TIMESTAMP_HEADER])
@pytest.mark.parametrize("value", ["", "!", "9" * 5000, "ü", "-1"])
def test_without_a_signature_nothing_is_sendgrids(missing: str, value: str) -> None:
    body, headers = as_sendgrid([SENT])
    with pytest.raises(SignatureError):
        sendgrid.signed_at_ms(KEY, {**headers, missing: value}, body)


def test_a_key_that_is_none_of_sendgrids_kind_is_refused_at_the_start() -> None:
    other = ec.generate_private_key(ec.SECP384R1()).public_key()
    for text in (
        "",
        "x",
        "AAAA",
        SENDGRID_PUBLIC[:-8],
        base64.b64encode(other.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode(),
    ):
        with pytest.raises(ValueError, match="Verification Key"):
            sendgrid.read_key(text)
    assert KEY.public_numbers() == SENDGRID_KEY.public_key().public_numbers()


def test_what_mailgun_signed_is_mailguns() -> None:
    signature, event = mailgun.signature_of(MAILGUN_KEY.encode(), as_mailgun({"event": "opened"}))
    assert (signature.signed_ms, bytes(event)) == (NOW_MS // 1000 * 1000, b'{"event": "opened"}')


@pytest.mark.parametrize("name", ["timestamp", "token", "signature"])
def test_one_character_of_what_mailgun_signed_changed_is_not_mailguns(name: str) -> None:
    body = msgspec.json.decode(as_mailgun({"event": "opened"}))
    value = body["signature"][name]
    for place in range(len(value)):
        body["signature"][name] = value[:place] + ("0" if value[place] != "0" else "1") + value[place + 1 :]
        with pytest.raises(SignatureError):
            mailgun.signature_of(MAILGUN_KEY.encode(), msgspec.json.encode(body))


@pytest.mark.parametrize("body", [b"", b"[]", b'{"signature":{}}', b'{"event-data":{}}', b"[" * 9999, b"\xff"])
def test_a_body_without_a_signature_is_not_mailguns(body: bytes) -> None:
    with pytest.raises(MalformedError):
        mailgun.signature_of(MAILGUN_KEY.encode(), body)


def test_postmark_is_who_knows_user_and_password() -> None:
    postmark.check_credentials(POSTMARK, as_postmark()["Authorization"])
    for wrong in (
        "",
        "Basic",
        "Basic !",
        "Bearer x",
        as_postmark("hook:other")["Authorization"],
        "Basic " + "A" * 9999,
    ):
        with pytest.raises(SignatureError):
            postmark.check_credentials(POSTMARK, wrong)


@pytest.mark.parametrize("version", ["1", "2"])
def test_what_amazon_signed_is_amazons_in_both_versions(version: str) -> None:
    assert sns.signed_at_ms(message(as_amazon({"a": 1}, version=version)), AMAZON_CERTIFICATE) == NOW_MS
    subject = as_amazon({"a": 1}, version=version, Subject="Amazon SES")
    assert sns.signed_at_ms(message(subject), AMAZON_CERTIFICATE) == NOW_MS
    assert sns.signed_at_ms(message(confirmation(version=version)), AMAZON_CERTIFICATE) == NOW_MS


@pytest.mark.parametrize(
    "changes",
    [
        {"Message": '{"a": 2}'},
        {"MessageId": "m-2"},
        {"Subject": "new"},
        {"Timestamp": "2026-09-21T14:14:31Z"},
        {"Type": "SubscriptionConfirmation", "SubscribeURL": "x", "Token": "y"},
        {"SignatureVersion": "1"},
        {"SignatureVersion": "3"},
        {"Signature": ""},
        {"Signature": "?"},
    ],
)
def test_whatever_is_changed_of_a_message_it_is_no_longer_amazons(changes: dict[str, str]) -> None:
    with pytest.raises(SignatureError):
        sns.signed_at_ms(message(as_amazon({"a": 1}) | changes), AMAZON_CERTIFICATE)


def test_one_bit_of_amazons_signature_flipped_is_not_amazons() -> None:
    outer = as_amazon({"a": 1})
    signature = base64.b64decode(outer["Signature"])
    for bit in range(0, len(signature) * 8, 13):
        with pytest.raises(SignatureError):
            sns.signed_at_ms(
                message(outer | {"Signature": base64.b64encode(flipped(signature, bit)).decode()}),
                AMAZON_CERTIFICATE,
            )


def test_a_certificate_of_another_kind_signs_nothing() -> None:
    with pytest.raises(SignatureError):
        sns.signed_at_ms(message(as_amazon({"a": 1})), certificate_of(ec.generate_private_key(ec.SECP256R1())))


@pytest.mark.parametrize(
    "url",
    [
        f"http://{HOST}/SimpleNotificationService-a.pem",
        "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-a.pem",
        f"https://{HOST}.evil.example/SimpleNotificationService-a.pem",
        f"https://evil.example/{HOST}/SimpleNotificationService-a.pem",
        f"https://user@{HOST}/SimpleNotificationService-a.pem",
        f"https://{HOST}:444/SimpleNotificationService-a.pem",
        f"https://{HOST}@evil.example/SimpleNotificationService-a.pem",
        f"https://{HOST}/../SimpleNotificationService-a.pem",
        f"https://{HOST}/SimpleNotificationService-a.pem?x=1",
        f"https://{HOST}/other.pem",
        f"https://{HOST}\\@evil.example/SimpleNotificationService-a.pem",
        "https://bucket.s3.amazonaws.com/SimpleNotificationService-a.pem",
        "file:///etc/passwd",
        "",
    ],
)
def test_a_certificate_is_fetched_from_the_topics_own_host_and_nowhere_else(url: str) -> None:
    with pytest.raises(SignatureError):
        sns.check_certificate_url(message(as_amazon({}, SigningCertURL=url)))
    good = f"https://{HOST}/SimpleNotificationService-0a.pem"
    assert sns.check_certificate_url(message(as_amazon({}, SigningCertURL=good))) == good


@pytest.mark.parametrize(
    "url",
    [
        f"https://evil.example/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=tok",
        f"https://{HOST}/?Action=DeleteTopic&TopicArn={TOPIC}",
        f"https://{HOST}/?Action=ConfirmSubscription&TopicArn=arn:aws:sns:eu-west-1:1:other&Token=tok",
        f"https://{HOST}/?Action=ConfirmSubscription&Action=DeleteTopic&TopicArn={TOPIC}",
        f"http://{HOST}/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=tok",
        "",
    ],
)
def test_a_subscription_is_confirmed_at_the_topics_own_host_and_for_itself(url: str) -> None:
    with pytest.raises(SignatureError):
        sns.check_subscribe_url(message(confirmation(SubscribeURL=url)))
    assert sns.check_subscribe_url(message(confirmation())).startswith(f"https://{HOST}/?Action=")


@pytest.mark.parametrize(
    ("topic", "host"),
    [
        (TOPIC, HOST),
        ("arn:aws-cn:sns:cn-north-1:123456789012:a", "sns.cn-north-1.amazonaws.com.cn"),
        ("arn:aws-us-gov:sns:us-gov-west-1:123456789012:a.fifo", "sns.us-gov-west-1.amazonaws.com"),
    ],
)
def test_a_topic_has_one_host(topic: str, host: str) -> None:
    assert sns.host_of(topic) == host


@pytest.mark.parametrize(
    "topic", ["", "mail", "arn:aws:sqs:eu-west-1:123456789012:a", "arn:aws:sns:evil.example/x:1:a"]
)
def test_what_is_no_topic_has_none(topic: str) -> None:
    with pytest.raises(ValueError, match="ARN"):
        sns.host_of(topic)


@pytest.mark.parametrize(("age_ms", "taken"), [(0, True), (1000, True), (1001, False), (-500, True), (-501, False)])
def test_what_was_signed_too_long_ago_is_not_taken(age_ms: int, taken: bool) -> None:
    try:
        check_age(NOW_MS - age_ms, NOW_MS, 1000, 500)
    except SignatureError as error:
        assert (taken, error.result) == (False, "stale")  # noqa: PT017 - both ways are the point
    else:
        assert taken
