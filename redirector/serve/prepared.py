"""A link made ready to be answered: what is the same for every visit is done once."""

from collections.abc import Callable
from typing import Final, Literal

import msgspec

from redirector.serve import answers
from redirector.serve.answers import Answer
from redirector.serve.counts import Outcome
from redirector.serve.request_facts import RequestFacts
from schemas.events import Click, Event, Impression
from schemas.links import Link

NEVER_MS: Final = 2**63


class Choice(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One of the answers that a link can give, ready to be sent: `head` is `answers.head_bytes(answer)`.

    `counted`: it makes an event. `destination` is the number of the link's destination (schemas.rules).
    """

    outcome: Outcome
    answer: Answer
    head: bytes
    counted: bool = False
    destination: int = 0


def choice(outcome: Outcome, answer: Answer, *, counted: bool = False, destination: int = 0) -> Choice:
    """An answer made ready."""
    return Choice(
        outcome=outcome,
        answer=answer,
        head=answers.head_bytes(answer),
        counted=counted,
        destination=destination,
    )


UNKNOWN: Final = choice("unknown_slug", answers.UNKNOWN)
NOT_LOADED: Final = choice("unavailable", answers.NOT_LOADED)
NEWER: Final = choice("newer_link", answers.NEWER_LINK)
GONE: Final = choice("expired", answers.EXPIRED)


class Visit(msgspec.Struct, frozen=True, gc=False):
    """What comes of one request for a link or its pixel. No event: there is nothing to count."""

    choice: Choice
    event: Event | None


class PreparedLink(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a path of a domain leads to: a link (`click`) or a link's pixel, and the one answer that it has."""

    kind: Literal["click", "pixel"]
    key: str
    answer: Choice
    expires_at_ms: int = NEVER_MS

    def choose(self, request_facts: RequestFacts, query: str, now_ms: int) -> Choice:  # noqa: ARG002 - RuledLink's
        """The answer to a request of which `request_facts` are known."""
        return self.answer if now_ms < self.expires_at_ms else GONE

    def visit(self, request_facts: RequestFacts, query: str, now_ms: int, new_click_id: Callable[[], str]) -> Visit:
        """The answer that somebody gets, and the event to keep of it; it gets its number where it is recorded."""
        choice = self.choose(request_facts, query, now_ms)
        if not choice.counted:
            return Visit(choice, None)
        if self.kind == "pixel":
            event = Impression(time_ms=now_ms, link=self.key, source="pixel", kind="served", **request_facts)
            return Visit(choice, event)
        click = Click(
            time_ms=now_ms,
            link=self.key,
            destination=choice.destination,
            click_id=new_click_id(),
            **request_facts,
        )
        return Visit(choice, click)


def redirect_of(link: Link) -> PreparedLink:
    """A link that has but one destination and leads everybody there, uncached and without its click's id."""
    answer = answers.redirect(link.status, link.destination)
    head = answers.usual_head(link.status, answer.headers[0][1])  # millions of links meet here: half of `choice`
    return PreparedLink(
        kind="click",
        key=link.key,
        answer=Choice(outcome="redirected", answer=answer, head=head, counted=True),
        expires_at_ms=NEVER_MS if link.expires_at_ms is None else link.expires_at_ms,
    )
