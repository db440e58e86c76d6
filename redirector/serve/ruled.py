"""A link with more than one answer: variants, rules, a schedule, parameters that go on, a redirect to be cached, an
id of each click."""

from collections.abc import Callable, Mapping

from redirector.serve import answers
from redirector.serve.prepared import GONE, NEVER_MS, UNKNOWN, Choice, PreparedLink, Visit, choice
from redirector.serve.request_facts import RequestFacts
from schemas.choosing import Chooser
from schemas.events import Click
from schemas.links import Link
from schemas.passed_query import PassedQuery
from schemas.rules import EARLY, EXPIRED, OWN
from schemas.ways import ways_of


class RuledLink(PreparedLink, frozen=True, kw_only=True, gc=False):
    """Its chooser, and the answers by the number of the destination; `answer` is that of its own.

    `cached` are the answers that a browser may keep, empty for a link that says nothing of it. `passed`: the
    destinations that the visit's query goes on to.
    """

    chooser: Chooser
    answers: Mapping[int, Choice]
    cached: Mapping[int, Choice]
    passed: Mapping[int, PassedQuery]
    cache_s: int
    scan_parameter: str

    def choose(self, request_facts: RequestFacts, query: str, now_ms: int) -> Choice:
        """The answer to a request of which `request_facts` and the query are known."""
        number = self.chooser.number(request_facts, now_ms)
        # What was fetched ahead must be asked for again, so that the click is counted. What is kept must not
        # outlive the link.
        kept = (
            bool(self.cached)
            and "purpose" not in request_facts
            and now_ms + 1000 * self.cache_s <= self.expires_at_ms
        )
        chosen = (kept and self.cached.get(number)) or self.answers[number]
        if not query or number not in self.passed:
            return chosen
        passed = self.passed[number]
        url = passed.with_query(query, without=self.scan_parameter)
        if url == passed.url:
            return chosen
        cache_s = self.cache_s if kept and number in self.cached else 0
        return _redirect(number, chosen.answer.status, url, cache_s=cache_s)


class IdentifyingLink(RuledLink, frozen=True, kw_only=True, gc=False):
    """A link whose destinations are told which click led there; hence no two answers are alike, and none is kept.

    `ways` are its destinations by their numbers, `passes`: the visit's query goes on to them.
    """

    click_id_parameter: str
    ways: Mapping[int, PassedQuery]
    passes: bool

    def visit(self, request_facts: RequestFacts, query: str, now_ms: int, new_click_id: Callable[[], str]) -> Visit:
        """As any link's, and the destination gets the id that the click is kept with; none where that is empty."""
        number = self.chooser.number(request_facts, now_ms)
        plain = self.answers[number]
        if not plain.counted:
            return Visit(plain, None)
        click_id = new_click_id()
        if not click_id:
            return Visit(self.choose(request_facts, query, now_ms), None)
        url = self.ways[number].with_id(
            self.click_id_parameter, click_id, query if self.passes else "", without=self.scan_parameter
        )
        click = Click(time_ms=now_ms, link=self.key, destination=number, click_id=click_id, **request_facts)
        return Visit(_redirect(number, plain.answer.status, url), click)


def ruled_link(link: Link, scan_parameter: str) -> RuledLink:
    """A link with rules, whose redirect may be cached, or whose destinations are told the click's id."""
    ways = ways_of(link)
    choices = {EARLY: UNKNOWN, EXPIRED: GONE} | {
        number: _redirect(number, way.status, way.to.url) for number, way in ways.items()
    }
    cached = {
        number: _redirect(number, way.status, way.to.url, cache_s=link.cache_s)
        for number, way in ways.items()
        if link.cache_s and not link.click_id_parameter and number not in (EARLY, EXPIRED)
    }
    rules = link.said
    plain = RuledLink(
        kind="click",
        key=link.key,
        answer=choices[OWN],
        expires_at_ms=NEVER_MS if link.expires_at_ms is None else link.expires_at_ms,
        chooser=Chooser(link.key, rules, link.expires_at_ms),
        answers=choices,
        cached=cached,
        passed={number: way.to for number, way in ways.items()} if rules.pass_query else {},
        cache_s=link.cache_s,
        scan_parameter=scan_parameter,
    )
    if not link.click_id_parameter:
        return plain
    return IdentifyingLink(
        **{name: getattr(plain, name) for name in RuledLink.__struct_fields__},
        click_id_parameter=link.click_id_parameter,
        ways={number: way.to for number, way in ways.items()},
        passes=rules.pass_query,
    )


def _redirect(number: int, status: int, url: str, *, cache_s: int = 0) -> Choice:
    answer = answers.redirect(status, url, cache_s=cache_s)
    return choice("redirected", answer, counted=True, destination=number)
