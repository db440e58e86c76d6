"""Where somebody would be led by a link, why, and as what it would be counted: without a click.

Where to is decided as redirectors decide it; the traffic class is asked of the stream's rules (judge.py).
"""

from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from console.api.link_views import ms_of
from schemas.choosing import Chooser, VisitFacts
from schemas.events import NUMBER_LIMIT, UA_MAX_CHARS, Network, TrafficClass
from schemas.links import Link
from schemas.passed_query import says
from schemas.rules import EARLY, EXPIRED, OWN, Country, Language, weights
from schemas.ways import Way, ways_of

Why = Literal["expired", "early", "rule", "variant", "own"]
EXAMPLE_ID: Final = "the-click-id"
"""What stands where a click's id would: as long as one, and none."""


class AnswerQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who asks, as far as it is known; what is left out is what a request does not say."""

    ua: Annotated[str, Meta(max_length=UA_MAX_CHARS, description="user agent")] = ""
    language: Annotated[
        Language | Literal[""], Meta(description="first language of the browser, such as de or de-at")
    ] = ""
    country: Annotated[Country | Literal[""], Meta(description="country of the address, such as DE")] = ""
    query: Annotated[str, Meta(max_length=8192, description="query of the visit, without ?")] = ""
    purpose: Annotated[
        str,
        Meta(
            max_length=64,
            description="Sec-Purpose, Purpose, X-Purpose or X-Moz, by which browsers say that they fetch ahead",
        ),
    ] = ""
    dnt: Annotated[bool, Meta(description="DNT or Sec-GPC is sent: the visitor asks not to be recognized")] = False
    network: Annotated[Network, Meta(description="class of the address's network; left out: in no list")] = ""
    visitor: Annotated[
        int, Meta(ge=0, lt=NUMBER_LIMIT, description="number of the visitor; left out or 0: any")
    ] = 0
    at: Annotated[datetime, Meta(tz=True, description="when; left out: now")] | None = None


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """One of the destinations among which visitors are split."""

    destination: int
    name: str
    share: Annotated[float, Meta(description="its part of the visitors, 0 to 1")]


class CountedAs(msgspec.Struct, frozen=True, kw_only=True):
    """What the event would be, if no other click were near it.

    A repeat within seconds, or one of too many a minute, is found among the clicks as they come.
    """

    kind: Literal["click"]
    recognized: Annotated[bool, Meta(description="whether it would be one of a visitor's, and of unique clicks")]
    traffic_class: Annotated[TrafficClass | None, Meta(description="null: the rules could not be asked")]
    reason: Annotated[str, Meta(description="which rule gave the class; empty: a person's browser")]
    rules: Annotated[int, Meta(description="number of the rule set; 0: none was asked")]
    unjudged: Annotated[str, Meta(description="why the rules could not be asked, and what to do; empty: they were")]


class AnswerView(msgspec.Struct, frozen=True, kw_only=True):
    """What a redirector would answer."""

    status: int
    location: Annotated[
        str | None,
        Meta(description=f"where it leads; null: nowhere. A click's own id is shown as {EXAMPLE_ID}"),
    ]
    destination: Annotated[int, Meta(description="number of the destination, as its click would be kept")]
    name: Annotated[str, Meta(description="of the variant or rule; empty: it has none")]
    why: Annotated[
        Why, Meta(description="what decided: the end, the start, a rule, the split of visitors, or nothing")
    ]
    split: Annotated[list[Share], Meta(description="where the split decided: who else would be led where")]
    counted: Annotated[bool, Meta(description="whether it would be a click, of whatever class")]
    counted_as: Annotated[CountedAs | None, Meta(description="null: nothing would be counted")]
    scan: Annotated[bool, Meta(description="whether it would be one by the link's QR code")]


_NOWHERE: Final = {EARLY: 404, EXPIRED: 410}


def answer_of(
    link: Link, asked: AnswerQuery, now_ms: int, *, scan_parameter: str, opt_out_parameter: str = ""
) -> AnswerView:
    """What a redirector that knows this link would answer; its class is not judged yet."""
    rules = link.said
    followed = not asked.dnt and not says(asked.query, opt_out_parameter)
    visitor = asked.visitor if followed else 0
    facts = VisitFacts(ua=asked.ua, language=asked.language, country=asked.country, visitor=visitor)
    at_ms = now_ms if asked.at is None else ms_of(asked.at)
    number = Chooser(link.key, rules, link.expires_at_ms).number(facts, at_ms)
    names = {one.number: one.name for one in rules.named} | {OWN: link.variant}
    by_rule = number in {one.number for one in rules.rules}
    split = bool(rules.variants) and not by_rule and number not in _NOWHERE
    way = ways_of(link).get(number)
    whole = sum(weight for weight, _ in weights(rules))
    return AnswerView(
        status=_NOWHERE[number] if way is None else way.status,
        location=None if way is None else _location(link, way, asked.query, scan_parameter),
        destination=number,
        name=names.get(number, ""),
        why=_why(number, by_rule=by_rule, split=split),
        split=[
            Share(destination=one, name=names.get(one, ""), share=weight / whole)
            for weight, one in (weights(rules) if split else ())
        ],
        counted=way is not None,
        counted_as=None if way is None else _not_judged(recognized=followed),
        scan=way is not None and says(asked.query, scan_parameter),
    )


def _not_judged(*, recognized: bool) -> CountedAs:
    return CountedAs(kind="click", recognized=recognized, traffic_class=None, reason="", rules=0, unjudged="")


def _location(link: Link, way: Way, query: str, scan_parameter: str) -> str:
    passed = query if link.said.pass_query else ""
    if link.click_id_parameter:
        return way.to.with_id(link.click_id_parameter, EXAMPLE_ID, passed, without=scan_parameter)
    return way.to.with_query(passed, without=scan_parameter)


def _why(number: int, *, by_rule: bool, split: bool) -> Why:
    if number in _NOWHERE:
        return "early" if number == EARLY else "expired"
    if by_rule:
        return "rule"
    return "variant" if split else "own"
