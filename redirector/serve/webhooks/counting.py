"""From an event of mail to the impression that it counts as, or to why it does not."""

from collections.abc import Callable
from typing import Final, NamedTuple

from redirector.serve.counts import Provider, WebhookResult
from redirector.serve.request_facts import clean
from redirector.serve.webhooks.mail_events import EventError, MailEvent
from schemas.event_times import DoorTimes
from schemas.events import UA_MAX_CHARS, Impression
from schemas.idempotency import key_spool
from schemas.link_names import read_link_name, shown
from schemas.links import Link, LinkError

_NO_LINK: Final = (
    "the message names no link: attach clicktally_link to it, or put ?link= into the webhook's address"
)


class Counted(NamedTuple):
    """What an event comes to; `reason` says why there is no impression where there should be one."""

    result: WebhookResult
    impression: Impression | None = None
    reason: str = ""


class MailCounting(NamedTuple):
    """What of a request goes into its impressions. `link` is that of messages that name none."""

    provider: Provider
    link: str
    find: Callable[[str], Link | None]
    times: DoorTimes
    now_ms: int

    def counted(self, event: MailEvent | EventError) -> Counted:
        """An event as the impression that it counts as. Raises NewerLinkError.

        Its identity is the provider and the event's id: nothing else of the event makes another of it.
        """
        if isinstance(event, EventError):
            return Counted("unreadable", reason=str(event))
        if event.happening == "ignored":
            return Counted("ignored")
        try:
            key = self._link_of(event)
        except LinkError as error:
            return Counted("no_link", reason=str(error))
        if reason := self.times.why_not(event.time_ms, self.now_ms):
            return Counted("bad_time", reason=reason)
        delivered = event.happening == "delivered"
        impression = Impression(
            time_ms=event.time_ms,
            link=key,
            source="platform" if delivered else "pixel",
            kind="platform" if delivered else "rendered",
            count=event.count,
            ua="" if delivered else clean(event.ua, UA_MAX_CHARS),
            seq=1,
            spool=key_spool(f"webhooks/{self.provider}", event.id, b""),
        )
        return Counted(event.happening, impression)

    def _link_of(self, event: MailEvent) -> str:
        name = event.link or self.link
        if not name:
            raise LinkError(_NO_LINK)
        key = read_link_name(name)
        if self.find(key) is None:
            raise LinkError(f"there is no link {shown(key)}: import it first, or correct the name")
        return key
