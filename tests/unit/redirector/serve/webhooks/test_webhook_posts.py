"""What providers tell becomes impressions, each once, and what cannot be counted is counted as such."""

import asyncio
import json
from typing import Any, Final

import msgspec
import pytest
from aiohttp import StreamReader
from aiohttp.base_protocol import BaseProtocol
from aiohttp.test_utils import make_mocked_request
from cryptography.x509 import Certificate
from hypothesis import given, settings
from hypothesis import strategies as st

from redirector.serve.access import Access
from redirector.serve.addresses import Addresses
from redirector.serve.clients import Proxies
from redirector.serve.counts import Counts
from redirector.serve.failed_tries import FailedTries
from redirector.serve.lookup import Lookup
from redirector.serve.parts import ServeParts
from redirector.serve.recorder import Recorder
from redirector.serve.request_facts import Observer
from redirector.serve.settings import ServeSettings
from redirector.serve.visitors import Visitors
from redirector.serve.webhook_posts import SIGNED_MAX_AGE_MS, WebhookPosts
from redirector.serve.webhooks import ses
from redirector.serve.webhooks.amazon import Amazon
from redirector.serve.webhooks.mail_events import EventError, MailEvent
from redirector.visitor_key.day_key import DayKey
from schemas.errors import TransientError
from schemas.events import Impression
from schemas.idempotency import is_key
from schemas.links import Link
from stream.classify import Request
from tests.builders import BROWSER, CLASSIFIER, DAY_MS, NOW_MS
from tests.fuzz.webhooks import events_of
from tests.unit.redirector.serve.fakes import FakeKeys, FakeLinks, FakeSpool, FakeTokens
from tests.unit.redirector.serve.webhooks.providers import (
    AMAZON_CERTIFICATE,
    MAILGUN_KEY,
    POSTMARK,
    SENDGRID_PUBLIC,
    SENT,
    SES_MAIL,
    SES_TIME,
    TOPIC,
    as_amazon,
    as_mailgun,
    as_postmark,
    as_sendgrid,
    confirmation,
)

SET: Final = {
    "CLICKTALLY_SERVE_SENDGRID_PUBLIC_KEY": SENDGRID_PUBLIC,
    "CLICKTALLY_SERVE_MAILGUN_SIGNING_KEY": MAILGUN_KEY,
    "CLICKTALLY_SERVE_POSTMARK_CREDENTIALS": POSTMARK,
    "CLICKTALLY_SERVE_SES_TOPICS": TOPIC,
}


class FakeAmazon(Amazon):
    """Amazon's answers without a network."""

    def __init__(self) -> None:
        super().__init__()
        self.confirmed: list[str] = []
        self.away = False

    async def certificate(self, url: str, now_ms: int) -> Certificate:
        if self.away:
            raise TransientError(f"{url} does not answer at {now_ms}")
        return AMAZON_CERTIFICATE

    async def confirm(self, url: str, _now_ms: int) -> None:
        self.confirmed.append(url)


class Doors:
    """The doors of a process whose clock stands, with a spool in memory."""

    def __init__(self, environ: dict[str, str] | None = None, *, room: int = 1000) -> None:
        chosen = ServeSettings.load(SET if environ is None else environ)
        self.links = FakeLinks(
            *(Link(domain="sho.rt", slug=slug, destination="https://example.com/") for slug in "ab")
        )
        self.counts, self.spool, self.amazon, self.now_ms = Counts(), FakeSpool(room), FakeAmazon(), NOW_MS
        parts = ServeParts(
            access=Access(FakeTokens(), FailedTries(allowed=3, kept=10)),
            lookup=Lookup(self.links, pixel_format="gif", keep=10, refresh_ms=100, now_ms=NOW_MS),
            recorder=Recorder(self.spool, self.counts),
            observer=Observer(Visitors(DayKey(day=0, key=bytes(32))), Addresses()),
            proxies=Proxies([]),
            counts=self.counts,
            clock=lambda: self.now_ms,
        )
        self.posts = WebhookPosts(parts, chosen, FakeKeys(), self.amazon)

    def post(
        self, provider: str, body: bytes, headers: dict[str, str] | None = None, query: str = ""
    ) -> tuple[int, Any]:
        """Status and answer."""
        return asyncio.run(self._post(provider, body, headers or {}, query))

    async def _post(self, provider: str, body: bytes, headers: dict[str, str], query: str) -> tuple[int, Any]:
        stream = StreamReader(BaseProtocol(asyncio.get_running_loop()), 2**20)
        stream.feed_data(body)
        stream.feed_eof()
        path = f"/v1/webhooks/{provider}"
        sent = {"Content-Length": str(len(body)), **headers}
        request = make_mocked_request("POST", f"{path}?{query}", headers=sent, payload=stream)
        _, answer, _ = await self.posts.answer(request, path)
        return answer.status, json.loads(answer.body)

    @property
    def kept(self) -> list[Impression]:
        """What is in the spool."""
        return [msgspec.json.decode(line, type=Impression) for line in self.spool.lines]


def opened(**fields: Any) -> dict[str, Any]:
    """An open as SendGrid tells it."""
    return (
        SENT | {"event": "open", "sg_event_id": "e1", "clicktally_link": "sho.rt/a", "useragent": BROWSER} | fields
    )


def sent_to_sendgrid(doors: Doors, *events: dict[str, Any], query: str = "") -> tuple[int, Any]:
    body, headers = as_sendgrid(list(events))
    return doors.post("sendgrid", body, headers, query)


def test_delivered_is_an_impression_of_the_platform_and_an_open_one_of_its_pixel() -> None:
    doors = Doors()
    delivered = opened(event="delivered", sg_event_id="e2")
    assert sent_to_sendgrid(doors, delivered, opened()) == (
        200,
        {"accepted": 2, "ignored": 0, "refused": 0, "reasons": []},
    )
    first, second = doors.kept
    assert (first.source, first.kind, first.count, first.ua) == ("platform", "platform", 1, "")
    assert (second.source, second.kind, second.ua, second.time_ms) == ("pixel", "rendered", BROWSER, NOW_MS)
    assert first.link == second.link == "sho.rt/a"


def test_no_address_of_anybody_is_kept() -> None:
    doors = Doors()
    sent_to_sendgrid(doors, opened(), opened(event="delivered", sg_event_id="e2"))
    kept = b"".join(doors.spool.lines)
    assert kept
    assert b"example.org" not in kept
    assert b"192.0.2.1" not in kept


@pytest.mark.parametrize(
    ("event", "traffic_class"),
    [
        (opened(), "human"),
        (opened(useragent="Mozilla/5.0"), "unverified"),
        (opened(useragent="Mozilla/5.0 (Windows NT 5.1; rv:11.0) (via ggpht.com GoogleImageProxy)"), "unverified"),
        (opened(sg_machine_open=True), "unverified"),
        (opened(useragent="curl/8.5.0"), "bot"),
        (opened(useragent=None), "unknown"),
    ],
)
def test_an_open_by_a_machine_or_a_mail_proxy_is_unverified(event: dict[str, Any], traffic_class: str) -> None:
    doors = Doors()
    sent_to_sendgrid(doors, event)
    (kept,) = doors.kept
    assert CLASSIFIER.verdict(Request(kept.ua, pixel=kept.source == "pixel")).traffic_class == traffic_class


def test_an_event_that_is_sent_again_has_the_same_identity_and_another_has_not() -> None:
    doors = Doors()
    for _ in range(2):
        sent_to_sendgrid(doors, opened(), opened(sg_event_id="e2"))
    first, second, again, _ = doors.kept
    assert (first.spool, first.seq) == (again.spool, again.seq)
    assert first.spool != second.spool
    assert is_key(first.spool)
    doors.post(
        "mailgun", as_mailgun({"event": "opened", "id": "e1", "timestamp": NOW_MS / 1000}), query="link=sho.rt/a"
    )
    assert doors.kept[-1].spool != first.spool


def test_what_is_not_counted_here_is_answered_and_counted_as_ignored() -> None:
    doors = Doors()
    status, answer = sent_to_sendgrid(doors, opened(event="click"), opened(event="bounce"), opened(event="new one"))
    assert (status, answer["ignored"], doors.kept) == (200, 3, [])
    assert doors.counts.webhooks["sendgrid", "ignored"] == 3


@pytest.mark.parametrize(
    ("event", "query", "link"),
    [
        (opened(), "link=sho.rt/b", "sho.rt/a"),
        (opened(clicktally_link=None), "link=sho.rt/b", "sho.rt/b"),
        (opened(clicktally_link=None, link="https://sho.rt/b?utm_source=mail"), "", "sho.rt/b"),
    ],
)
def test_the_link_is_the_messages_own_else_the_webhooks(event: dict[str, Any], query: str, link: str) -> None:
    doors = Doors()
    assert sent_to_sendgrid(doors, event, query=query)[1]["accepted"] == 1
    assert doors.kept[0].link == link


@pytest.mark.parametrize(
    ("event", "result", "reason"),
    [
        (opened(clicktally_link=None), "no_link", "names no link"),
        (opened(clicktally_link="sho.rt/nowhere"), "no_link", "there is no link"),
        (opened(clicktally_link="nothing"), "no_link", "lacks its slash"),
        (opened(timestamp=NOW_MS // 1000 - 90 * 86_400), "bad_time", "days old"),
        (opened(timestamp=NOW_MS // 1000 + 600), "bad_time", "in the future"),
        (opened(timestamp="soon"), "unreadable", "timestamp"),
        (opened(sg_event_id=""), "unreadable", "sg_event_id"),
    ],
)
def test_what_cannot_be_counted_is_told_and_not_asked_for_again(event: Any, result: Any, reason: str) -> None:
    doors = Doors()
    status, answer = sent_to_sendgrid(doors, event, opened(sg_event_id="good"))
    assert (status, answer["accepted"], answer["refused"]) == (200, 1, 1)
    assert reason in answer["reasons"][0]
    assert doors.counts.webhooks["sendgrid", result] == 1


def test_where_there_is_no_room_nothing_is_kept_and_it_is_asked_for_again() -> None:
    doors = Doors(room=0)
    assert sent_to_sendgrid(doors, opened())[0] == 503
    assert doors.counts.webhooks["sendgrid", "opened"] == 0
    doors.links.loaded = False
    assert Doors().post("ses", b"")[0] == 400


def test_a_wrong_signature_is_forbidden_and_who_tries_often_must_wait() -> None:
    doors = Doors()
    body, headers = as_sendgrid([opened()])
    answers = [doors.post("sendgrid", body + b" ", headers) for _ in range(5)]
    assert [status for status, _ in answers] == [403, 403, 403, 429, 429]
    assert doors.counts.webhooks["sendgrid", "signature"] == 5
    assert doors.post("sendgrid", body, headers)[0] == 200


def test_a_recorded_request_does_not_count_again_when_its_events_are_forgotten() -> None:
    doors = Doors()
    body, headers = as_sendgrid([opened(timestamp=NOW_MS // 1000)])
    doors.now_ms = NOW_MS // 1000 * 1000 + SIGNED_MAX_AGE_MS
    assert doors.post("sendgrid", body, headers)[0] == 200
    doors.now_ms += 1
    assert doors.post("sendgrid", body, headers)[0] == 403
    assert doors.counts.webhooks["sendgrid", "stale"] == 1


@pytest.mark.parametrize("provider", ["sendgrid", "mailgun", "postmark", "ses"])
def test_a_provider_that_is_not_set_is_told_what_to_do(provider: str) -> None:
    doors = Doors({})
    status, answer = doors.post(provider, b"{}")
    assert (status, "CLICKTALLY_SERVE_" in answer["error"]) == (404, True)
    assert doors.post("myspace", b"{}")[0] == 404


def test_mailguns_token_is_good_for_one_request() -> None:
    doors = Doors()
    event = {
        "event": "opened",
        "id": "g1",
        "timestamp": NOW_MS / 1000,
        "recipient": "a@example.org",
        "user-variables": {"link": "sho.rt/a"},
        "client-info": {"user-agent": BROWSER},
    }
    assert doors.post("mailgun", as_mailgun(event))[1]["accepted"] == 1
    assert doors.post("mailgun", as_mailgun(event | {"id": "g2"}))[0] == 406
    assert doors.counts.webhooks["mailgun", "replayed"] == 1
    assert doors.post("mailgun", as_mailgun(event | {"id": "g2"}, nonce="t2"))[1]["accepted"] == 1
    assert doors.post("mailgun", as_mailgun(event, nonce="t3", signed_ms=NOW_MS - 2 * DAY_MS))[0] == 406
    assert [one.ua for one in doors.kept] == [BROWSER, BROWSER]


def test_mailguns_token_is_not_used_up_by_a_request_that_could_not_be_kept() -> None:
    doors = Doors(room=0)
    body = as_mailgun({"event": "delivered", "id": "g1", "timestamp": NOW_MS / 1000})
    assert doors.post("mailgun", body, query="link=sho.rt/a")[0] == 503
    doors.spool.room = 1
    assert doors.post("mailgun", body, query="link=sho.rt/a")[1]["accepted"] == 1


def test_postmarks_events_are_known_by_what_tells_them_apart() -> None:
    doors = Doors()
    event = {
        "RecordType": "Open",
        "MessageID": "883953f4-6105-42a2-a16a-77a8eac79483",
        "Recipient": "a@example.org",
        "ReceivedAt": SES_TIME,
        "UserAgent": BROWSER,
        "Metadata": {"clicktally_link": "sho.rt/a"},
    }
    delivered = event | {"RecordType": "Delivery", "DeliveredAt": SES_TIME}
    for one in (event, event, delivered):
        assert doors.post("postmark", json.dumps(one).encode(), as_postmark())[1]["accepted"] == 1
    first, again, other = doors.kept
    assert first.spool == again.spool != other.spool
    assert (first.kind, other.kind) == ("rendered", "platform")
    assert doors.post("postmark", json.dumps(event).encode(), as_postmark("a:b"))[0] == 403


def test_a_delivery_of_amazons_counts_each_of_its_recipients() -> None:
    doors = Doors()
    delivery = {"timestamp": SES_TIME, "recipients": ["a@example.org", "b@example.org"]}
    outer = as_amazon({"eventType": "Delivery", "mail": SES_MAIL, "delivery": delivery})
    assert doors.post("ses", json.dumps(outer).encode())[1]["accepted"] == 1
    (kept,) = doors.kept
    assert (kept.kind, kept.count, kept.link) == ("platform", 2, "sho.rt/a")
    assert b"example.org" not in doors.spool.lines[0]


def test_an_open_of_amazons_is_known_by_the_message_that_told_it() -> None:
    doors = Doors()
    open_event = {"eventType": "Open", "mail": SES_MAIL, "open": {"timestamp": SES_TIME, "userAgent": BROWSER}}
    for number in (1, 1, 2):
        assert doors.post("ses", json.dumps(as_amazon(open_event, MessageId=f"m-{number}")).encode())[0] == 200
    first, again, other = doors.kept
    assert (first.spool, first.ua) == (again.spool, BROWSER)
    assert other.spool != first.spool


def test_a_header_of_the_message_may_name_its_link() -> None:
    mail = {"messageId": "s", "headers": [{"name": "X-Clicktally-Link", "value": "sho.rt/b"}]}
    event = ses.read(json.dumps({"eventType": "Open", "mail": mail, "open": {"timestamp": SES_TIME}}), "m")
    assert isinstance(event, MailEvent)
    assert event.link == "sho.rt/b"


def test_a_subscription_is_confirmed_once_amazon_signed_it_and_the_topic_is_ours() -> None:
    doors = Doors()
    assert doors.post("ses", json.dumps(confirmation()).encode()) == (200, {"confirmed": TOPIC})
    assert len(doors.amazon.confirmed) == 1
    other = "arn:aws:sns:eu-west-1:999999999999:evil"
    assert doors.post("ses", json.dumps(confirmation(TopicArn=other)).encode())[0] == 403
    wrong = confirmation() | {"Token": "other"}
    assert doors.post("ses", json.dumps(wrong).encode())[0] == 403
    assert len(doors.amazon.confirmed) == 1


def test_while_amazon_is_away_its_messages_are_asked_for_again() -> None:
    doors = Doors()
    doors.amazon.away = True
    assert doors.post("ses", json.dumps(as_amazon({})).encode())[0] == 503


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.just("Open"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["event", "timestamp", "RecordType", "eventType", "mail", "open", "delivery", "tags", "id"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=100, deadline=None)
@given(VALUES)
def test_no_signed_value_makes_a_reader_raise_anything_unforeseen(value: Any) -> None:
    for event in events_of(msgspec.json.encode(value)):
        assert isinstance(event, MailEvent | EventError)
