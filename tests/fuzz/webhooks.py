"""The doors of email providers, past their signatures: wounded events are events, reasons or refusals."""

from contextlib import suppress
from typing import Final

import msgspec

from redirector.serve.webhooks import mailgun, postmark, sendgrid, ses, sns
from redirector.serve.webhooks.counting import MailCounting
from redirector.serve.webhooks.mail_events import EventError, MailEvent, MalformedError
from schemas.event_times import MAX_AGE_DAYS, MAX_SKEW_S, DoorTimes
from schemas.events import Event, Impression
from schemas.links import Link
from schemas.topics import IMPRESSIONS
from tests.builders import NOW_MS, new_fold, record
from tests.fuzz.mutations import Mutator
from tests.unit.redirector.serve.fakes import FakeLinks

_TIME: Final = "2026-09-21T14:14:30.000Z"
_LINK: Final = {"clicktally_link": "sho.rt/a"}
BODIES: Final = [
    msgspec.json.encode(body)
    for body in (
        [
            {
                "event": "open",
                "sg_event_id": "e1",
                "timestamp": NOW_MS // 1000,
                "useragent": "Mozilla/5.0",
                **_LINK,
            },
            {"event": "delivered", "sg_event_id": "e2", "timestamp": NOW_MS // 1000, **_LINK},
        ],
        {"event": "opened", "id": "g1", "timestamp": NOW_MS / 1000, "user-variables": _LINK},
        {
            "RecordType": "Open",
            "MessageID": "1",
            "ReceivedAt": _TIME,
            "UserAgent": "Mozilla/5.0",
            "Metadata": _LINK,
        },
        {"RecordType": "Delivery", "MessageID": "1", "DeliveredAt": _TIME, "Recipient": "a@b", "Metadata": _LINK},
        {
            "eventType": "Delivery",
            "mail": {"messageId": "s", "tags": {"link": ["sho.rt/a"]}},
            "delivery": {"timestamp": _TIME, "recipients": ["a@b", "c@d"]},
        },
    )
]
_COUNTING: Final = MailCounting(
    provider="ses",
    link="sho.rt/a",
    find=FakeLinks(Link(domain="sho.rt", slug="a", destination="https://example.com/")).get,
    times=DoorTimes.within(max_skew_s=MAX_SKEW_S, max_age_days=MAX_AGE_DAYS),
    now_ms=NOW_MS,
)


def post_events(seed: int, count: int) -> None:
    """`count` bodies, each given to every provider's reader; what is accepted is counted by the stream."""
    kept: list[Event] = []
    for line in Mutator(seed, BODIES).lines(count):
        for event in events_of(line):
            impression = _COUNTING.counted(event).impression
            if impression is not None:
                line_again = msgspec.json.encode(impression)
                assert msgspec.json.decode(line_again, type=Impression) == impression, (seed, line)
                kept.append(impression)
    fold = new_fold()
    counted = [fold.add(record(kept[at : at + 800], topic=IMPRESSIONS)) for at in range(0, len(kept), 800)]
    assert sum(tally.dead_letters for tally in counted) == 0, seed


def events_of(raw: bytes) -> list[MailEvent | EventError]:
    """What the readers make of it."""
    events = [mailgun.read(msgspec.Raw(raw)), ses.read(raw.decode("utf-8", "replace"), "m")]
    for read in (sendgrid.read, lambda body: [postmark.read(body)]):
        try:
            events += read(raw)
        except MalformedError as error:
            assert str(error)  # noqa: PT017 - any other is a failure
    with suppress(MalformedError):
        sns.read(raw)
    return events
