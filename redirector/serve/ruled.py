"""A link with more than one answer: variants, rules, a schedule, parameters that go on, a redirect to be cached."""

from collections.abc import Mapping

from redirector.serve import answers
from redirector.serve.prepared import GONE, NEVER_MS, UNKNOWN, Choice, PreparedLink, choice
from redirector.serve.request_facts import RequestFacts
from schemas.choosing import Chooser
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


def ruled_link(link: Link, scan_parameter: str) -> RuledLink:
    """A link with rules, or whose redirect may be cached."""
    ways = ways_of(link)
    choices = {EARLY: UNKNOWN, EXPIRED: GONE} | {
        number: _redirect(number, way.status, way.to.url) for number, way in ways.items()
    }
    cached = {
        number: _redirect(number, way.status, way.to.url, cache_s=link.cache_s)
        for number, way in ways.items()
        if link.cache_s and number not in (EARLY, EXPIRED)
    }
    rules = link.said
    return RuledLink(
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


def _redirect(number: int, status: int, url: str, *, cache_s: int = 0) -> Choice:
    answer = answers.redirect(status, url, cache_s=cache_s)
    return choice("redirected", answer, counted=True, destination=number)
