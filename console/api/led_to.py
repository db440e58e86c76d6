"""Where somebody would be led by a link, and why: as redirectors decide it, without a click."""

from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from console.api.link_views import ms_of
from schemas.choosing import Chooser, VisitFacts
from schemas.events import NUMBER_LIMIT, UA_MAX_CHARS
from schemas.links import Link
from schemas.passed_query import is_scan
from schemas.rules import EARLY, EXPIRED, OWN, Country, Language, weights
from schemas.ways import ways_of

Why = Literal["expired", "early", "rule", "variant", "own"]


class AnswerQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who asks, as far as it is known; what is left out is what a request does not say."""

    ua: Annotated[str, Meta(max_length=UA_MAX_CHARS, description="user agent")] = ""
    language: Annotated[
        Language | Literal[""], Meta(description="first language of the browser, such as de or de-at")
    ] = ""
    country: Annotated[Country | Literal[""], Meta(description="country of the address, such as DE")] = ""
    query: Annotated[str, Meta(max_length=8192, description="query of the visit, without ?")] = ""
    visitor: Annotated[
        int, Meta(ge=0, lt=NUMBER_LIMIT, description="number of the visitor; 0: they asked not to be recognized")
    ] = 0
    at: Annotated[datetime, Meta(tz=True, description="when; left out: now")] | None = None


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """One of the destinations among which visitors are split."""

    destination: int
    name: str
    share: Annotated[float, Meta(description="its part of the visitors, 0 to 1")]


class AnswerView(msgspec.Struct, frozen=True, kw_only=True):
    """What a redirector would answer."""

    status: int
    location: Annotated[str | None, Meta(description="where it leads; null: nowhere")]
    destination: Annotated[int, Meta(description="number of the destination, as its click would be kept")]
    name: Annotated[str, Meta(description="of the variant or rule; empty: it has none")]
    why: Annotated[
        Why, Meta(description="what decided: the end, the start, a rule, the split of visitors, or nothing")
    ]
    split: Annotated[list[Share], Meta(description="where the split decided: who else would be led where")]
    counted: Annotated[bool, Meta(description="whether it would be a click; its traffic class is judged later")]
    scan: Annotated[bool, Meta(description="whether it would be one by the link's QR code")]


_NOWHERE: Final = {EARLY: 404, EXPIRED: 410}


def answer_of(link: Link, asked: AnswerQuery, now_ms: int, *, scan_parameter: str) -> AnswerView:
    """What a redirector that knows this link would answer."""
    rules = link.said
    facts = VisitFacts(ua=asked.ua, language=asked.language, country=asked.country, visitor=asked.visitor)
    at_ms = now_ms if asked.at is None else ms_of(asked.at)
    number = Chooser(link.key, rules, link.expires_at_ms).number(facts, at_ms)
    names = {one.number: one.name for one in rules.named} | {OWN: link.variant}
    by_rule = number in {one.number for one in rules.rules}
    split = bool(rules.variants) and not by_rule and number not in _NOWHERE
    way = ways_of(link).get(number)
    location = None
    if way is not None:
        location = way.to.with_query(asked.query, without=scan_parameter) if rules.pass_query else way.to.url
    whole = sum(weight for weight, _ in weights(rules))
    return AnswerView(
        status=_NOWHERE[number] if way is None else way.status,
        location=location,
        destination=number,
        name=names.get(number, ""),
        why=_why(number, by_rule=by_rule, split=split),
        split=[
            Share(destination=one, name=names.get(one, ""), share=weight / whole)
            for weight, one in (weights(rules) if split else ())
        ],
        counted=way is not None,
        scan=way is not None and is_scan(asked.query, scan_parameter),
    )


def _why(number: int, *, by_rule: bool, split: bool) -> Why:
    if number in _NOWHERE:
        return "early" if number == EARLY else "expired"
    if by_rule:
        return "rule"
    return "variant" if split else "own"
