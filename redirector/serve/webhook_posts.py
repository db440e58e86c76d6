"""The doors for email providers: `POST /v1/webhooks/{provider}`; docs/contracts/webhooks.md describes them.

Who signed is let in. What is signed is answered so that the provider does not send it for ever: an event that
cannot be counted is counted as such, and the answer is 200 all the same.
"""

import logging
from collections.abc import Iterable
from typing import Final

from aiohttp import web

from redirector.serve import answers, posting
from redirector.serve.answers import Answer
from redirector.serve.bodies import read_body
from redirector.serve.body_errors import BodyError
from redirector.serve.counts import PROVIDERS, Outcome, Provider, WebhookResult
from redirector.serve.key_book import Counted, KeyedRequest
from redirector.serve.parts import ServeParts
from redirector.serve.settings import ServeSettings
from redirector.serve.webhooks import mailgun, postmark, sendgrid, ses, sns
from redirector.serve.webhooks.amazon import Amazon
from redirector.serve.webhooks.counting import MailCounting
from redirector.serve.webhooks.mail_events import (
    EventError,
    MailEvent,
    MalformedError,
    SignatureError,
    check_age,
)
from schemas.errors import TransientError
from schemas.event_times import DoorTimes
from schemas.events import Impression
from schemas.link_names import shown
from schemas.links import NewerLinkError

WEBHOOKS_PREFIX: Final = "/v1/webhooks/"
SIGNED_MAX_AGE_MS: Final = 24 * 3600 * 1000
"""How long ago something may have been signed: half of the time for which its events' ids are remembered, so that a
recorded request that is sent again never counts a second time."""

_ALLOW: Final = ("Allow", "POST")
_SETTINGS: Final[dict[Provider, str]] = {
    "sendgrid": "CLICKTALLY_SERVE_SENDGRID_PUBLIC_KEY to the Verification Key of the signed webhook",
    "mailgun": "CLICKTALLY_SERVE_MAILGUN_SIGNING_KEY to the HTTP webhook signing key",
    "postmark": "CLICKTALLY_SERVE_POSTMARK_CREDENTIALS to user:password, as in the webhook's address",
    "ses": "CLICKTALLY_SERVE_SES_TOPICS to the ARNs of your SNS topics",
}
_FORBIDDEN: Final = 403
_NEVER_AGAIN: Final = 406
_REASONS_SHOWN: Final = 10
_log: Final = logging.getLogger(__name__)

Events = Iterable[MailEvent | EventError]


class WebhookPosts:
    """Takes what providers tell of messages: all that can be counted of a request, or nothing without room."""

    def __init__(
        self, parts: ServeParts, settings: ServeSettings, keys: posting.Keys, amazon: Amazon | None = None
    ) -> None:
        self._parts: Final = parts
        self._settings: Final = settings
        self._keys: Final = keys
        self._amazon: Final = amazon or Amazon()
        self._times: Final = DoorTimes.within(max_skew_s=settings.max_skew_s, max_age_days=settings.max_age_days)
        self._sendgrid: Final = (
            sendgrid.read_key(settings.sendgrid_public_key) if settings.sendgrid_public_key else None
        )
        self._mailgun: Final = settings.mailgun_signing_key.get_secret_value().encode()
        self._postmark: Final = settings.postmark_credentials.get_secret_value()
        self._warned: Final[set[str]] = set()

    async def answer(self, request: web.BaseRequest, path: str) -> posting.PostAnswer:
        """What to answer."""
        name = path.removeprefix(WEBHOOKS_PREFIX)
        if request.method != "POST":
            answer = answers.text(405, "Webhooks are sent with POST.", _ALLOW)
            return posting.PostAnswer("method_not_allowed", answer, close=not request.content.is_eof())
        if name not in PROVIDERS:
            problem = {"error": f"provider {name[:40]!r} is none of {', '.join(PROVIDERS)}"}
            return posting.PostAnswer("bad_request", answers.json(404, problem), close=not request.content.is_eof())
        outcome, answer = await self._answer(request, name)
        return posting.PostAnswer(outcome, answer, close=not request.content.is_eof())

    async def _answer(self, request: web.BaseRequest, provider: Provider) -> tuple[Outcome, Answer]:
        outcome: Outcome
        try:
            self._check_open(provider)
            body = await read_body(request, self._settings.max_body_bytes, self._settings.body_timeout_s)
            outcome, answer = await self._take(request, provider, body)
        except BodyError as error:
            outcome, answer = posting.not_taken(error)
        except SignatureError as error:
            outcome, answer = self._not_signed(request, provider, error)
        except MalformedError as error:
            self._count(provider, "malformed")
            outcome, answer = "bad_request", answers.json(400, {"error": _as_text(str(error))})
        except (TransientError, NewerLinkError) as error:
            problem = {"error": f"nothing was kept: {error}"}
            outcome, answer = "unavailable", answers.json(503, problem, posting.RETRY_AFTER)
        return outcome, answer

    def _check_open(self, provider: Provider) -> None:
        proof = {
            "sendgrid": self._sendgrid,
            "mailgun": self._mailgun,
            "postmark": self._postmark,
            "ses": self._settings.ses_topics,
        }
        if not proof[provider]:
            self._count(provider, "not_set")
            raise BodyError(f"{provider} is not let in: set {_SETTINGS[provider]}", 404)
        if not self._parts.lookup.loaded():
            raise TransientError("the links are being loaded; send it again in a moment")

    async def _take(self, request: web.BaseRequest, provider: Provider, body: bytes) -> tuple[Outcome, Answer]:
        now_ms = self._parts.clock()
        counting = MailCounting(
            provider=provider,
            link=request.query.get("link", ""),
            find=self._parts.lookup.link,
            times=self._times,
            now_ms=now_ms,
        )
        match provider:
            case "mailgun":
                return await self._take_mailgun(counting, body)
            case "ses":
                return await self._take_amazon(counting, body)
            case "postmark":
                postmark.check_credentials(self._postmark, request.headers.get("Authorization", ""))
                return self._keep(counting, [postmark.read(body)])
            case "sendgrid":
                self._check_age(sendgrid.signed_at_ms(self._sendgrid, request.headers, body), now_ms)
                return self._keep(counting, sendgrid.read(body))

    async def _take_mailgun(self, counting: MailCounting, body: bytes) -> tuple[Outcome, Answer]:
        """A token is good for one request; it is used up once that request's event is kept."""
        signature, event = mailgun.signature_of(self._mailgun, body)
        self._check_age(signature.signed_ms, counting.now_ms)
        now_s = counting.now_ms // 1000
        token = KeyedRequest.of("webhooks/mailgun's tokens", signature.token, b"")
        if self._keys.find(token.name, now_s) is not None:
            raise SignatureError("replayed", "this token was used before: each is good for one request")
        outcome, answer = self._keep(counting, [mailgun.read(event)])
        if outcome == "webhook":
            await self._keys.enter(token.name, Counted(token.meaning, 1, now_s))
        return outcome, answer

    async def _take_amazon(self, counting: MailCounting, body: bytes) -> tuple[Outcome, Answer]:
        message, now_ms = sns.read(body), counting.now_ms
        if message.TopicArn not in self._settings.ses_topics:
            raise SignatureError("signature", f"topic {shown(message.TopicArn)} is none of those in the settings")
        certificate = await self._amazon.certificate(sns.check_certificate_url(message), now_ms)
        self._check_age(sns.signed_at_ms(message, certificate), now_ms)
        if message.Type == "SubscriptionConfirmation":
            await self._amazon.confirm(sns.check_subscribe_url(message), now_ms)
            self._count("ses", "confirmed")
            return "webhook", answers.json(200, {"confirmed": message.TopicArn})
        is_event = message.Type == "Notification"
        return self._keep(counting, [ses.read(message.Message, message.MessageId)] if is_event else [])

    def _check_age(self, signed_ms: int, now_ms: int) -> None:
        check_age(signed_ms, now_ms, SIGNED_MAX_AGE_MS, int(self._settings.max_skew_s * 1000))

    def _keep(self, counting: MailCounting, events: Events) -> tuple[Outcome, Answer]:
        kept: list[Impression] = []
        results: list[WebhookResult] = []
        reasons: list[str] = []
        for event in events:
            if len(results) == self._settings.max_items:
                raise BodyError(f"more than {len(results)} events in one request: send fewer at once", 413)
            counted = counting.counted(event)
            results.append(counted.result)
            if counted.impression is not None:
                kept.append(counted.impression)
            if counted.reason:
                reasons.append(counted.reason)
        if not self._parts.recorder.record(kept, refused=True):
            return "unavailable", answers.json(503, posting.NO_ROOM, posting.RETRY_AFTER)
        for result in results:
            self._count(counting.provider, result)
        if reasons and counting.provider not in self._warned:
            self._warned.add(counting.provider)
            _log.warning(
                "events of %s cannot be counted, which is said once: answers say why, the metrics how many",
                counting.provider,
            )
        body = {
            "accepted": len(kept),
            "ignored": results.count("ignored"),
            "refused": len(reasons),
            "reasons": [_as_text(reason) for reason in reasons[:_REASONS_SHOWN]],
        }
        return "webhook", answers.json(200, body)

    def _not_signed(
        self, request: web.BaseRequest, provider: Provider, error: SignatureError
    ) -> tuple[Outcome, Answer]:
        """Mailgun stops at 406 and tries again at all else. Nobody gets in by trying often."""
        self._count(provider, error.result)
        parts = self._parts
        if error.result == "signature":
            address = parts.address(request.headers, request.remote or "")
            wait_s = parts.access.note_failure(address, parts.clock())
            if wait_s:
                problem = {"error": f"too many wrong signatures from this address: try again in {wait_s} s"}
                return "too_many_tries", answers.json(429, problem, ("Retry-After", str(wait_s)))
        status = _NEVER_AGAIN if provider == "mailgun" and error.result != "signature" else _FORBIDDEN
        return "forbidden", answers.json(status, {"error": _as_text(str(error))})

    def _count(self, provider: Provider, result: WebhookResult) -> None:
        self._parts.counts.webhooks[provider, result] += 1


def _as_text(text: str) -> str:
    """What a client sent may stand in it, and need not be text."""
    return text.encode("utf-8", "backslashreplace").decode()
