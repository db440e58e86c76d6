"""The replay reads a log twice, by different means, and compares link by link."""

from collections import Counter
from pathlib import Path

import pytest

from deploy.local.replay.access_log import Request, read_request
from deploy.local.replay.counted import compare, difference, settled
from deploy.local.replay.expected import expected_clicks
from deploy.local.replay.plan import plan_of
from schemas.errors import TransientClickHouseError

LINE = (
    b'83.149.9.216 - - [17/May/2015:10:05:03 +0000] "GET /a%20b?x=1 HTTP/1.1" 200 9 "http://r.example/" "Agent/1"'
)
LOG = Path(__file__).parents[4] / "shared" / "data" / "access.log"


def requests(*lines: bytes) -> list[Request | None]:
    return [read_request(line) for line in lines]


def test_a_line_is_a_request_with_its_client_and_its_headers() -> None:
    assert requests(LINE) == [Request(b"83.149.9.216", b"GET", b"/a%20b?x=1", b"http://r.example/", b"Agent/1")]


def test_a_line_whose_end_was_cut_keeps_its_request() -> None:
    (request,) = requests(LINE[:-1])
    assert request is not None
    assert (request.target, request.agent) == (b"/a%20b?x=1", b"Agent/1")


def test_the_common_format_has_no_referrer_and_no_agent() -> None:
    (request,) = requests(LINE.partition(b' "http')[0])
    assert request is not None
    assert (request.referrer, request.agent) == (b"", b"")


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        (b"-", b"83.149.9.216"),
        (b"", b"83.149.9.216"),
        (b"unknown", b"83.149.9.216"),
        (b"192.0.2.7", b"192.0.2.7"),
        (b"2001:db8::7, 10.0.0.1", b"2001:db8::7"),
    ],
)
def test_nginx_s_main_format_tells_who_came_by_a_proxy(forwarded: bytes, client: bytes) -> None:
    expected = Request(client, b"GET", b"/a%20b?x=1", b"http://r.example/", b"Agent/1")
    assert requests(LINE + b' "' + forwarded + b'"', LINE + b' "' + forwarded) == [expected, expected]


@pytest.mark.parametrize("more", [b" 0.003 0.002 .", b' "-" rt=0.003', b' "192.0.2.7" "tls1.3"'])
def test_more_fields_than_the_format_has_are_passed_over(more: bytes) -> None:
    (request,) = requests(LINE + more)
    assert request is not None
    assert (request.target, request.agent) == (b"/a%20b?x=1", b"Agent/1")


def test_escapes_of_the_log_are_undone_in_headers() -> None:
    (request,) = requests(LINE.replace(b"Agent/1", rb"a \"b\" \xe4\n").replace(b"http://r.example/", b"-"))
    assert request is not None
    assert (request.agent, request.referrer) == (b'a "b" \xe4n', b"")


@pytest.mark.parametrize("line", [b"garbage", b'1.2.3.4 - - [x] "-" 408 0 "-" "-"', b'1.2.3.4 - - [x] "GET" 400 0'])
def test_what_is_no_request_is_said_to_be_none(line: bytes) -> None:
    assert requests(line) == [None]
    assert expected_clicks([line], "d") == {}


def test_a_get_is_expected_to_count_once_and_nothing_else_is() -> None:
    lines = [LINE, LINE, LINE.replace(b"GET", b"HEAD"), LINE.replace(b"GET", b"POST"), b"garbage"]
    assert expected_clicks(lines, "d.example") == {"d.example/a b": 2}


@pytest.mark.skipif(not LOG.exists(), reason="the sample log is not beside this clone")
def test_both_readings_of_the_sample_agree() -> None:
    plan = plan_of(LOG.read_bytes().splitlines(), "d.example")
    gets = Counter(one.method for one in plan.requests)[b"GET"]
    assert (len(plan.requests), gets, plan.skipped, plan.left_out) == (9_998, 9_950, 0, 2)
    expected = expected_clicks(plan.sent_lines, "d.example")
    assert sum(expected.values()) == gets
    assert expected.keys() <= plan.links.keys()


def test_what_is_not_sent_is_listed_and_not_expected() -> None:
    other = b'2026-11-27T10:00:00Z GET "GET /a HTTP/1.1" 200'
    reserved = LINE.replace(b"/a%20b", b"/healthz")
    plan = plan_of([*[other] * 300, b"", LINE, reserved], "d.example")
    assert (len(plan.requests), plan.skipped, plan.left_out) == (1, 300, 1)
    assert expected_clicks(plan.sent_lines, "d.example") == {"d.example/a b": 1}
    assert len(plan.not_sent) == 301
    assert plan.not_sent[0] == f"line 1 is no request: {other.decode()}"
    assert plan.not_sent[-1].startswith("line 303, /healthz?x=1: slug 'healthz' is a path the redirector answers")


def human(**counts: int) -> dict[str, Counter[str]]:
    return {link: Counter(human=count) for link, count in counts.items()}


def test_missing_and_extra_are_told_link_by_link() -> None:
    comparison = compare(human(a=1, b=3, c=2), {"a": 2, "b": 2, "d": 1, "c": 2}, {})
    assert (comparison.missing, comparison.extra, comparison.links) == (2, 1, {"a": -1, "b": 1, "d": -1})


@pytest.mark.parametrize(("counted", "missing", "extra"), [(0, 1, 0), (1, 0, 0), (2, 0, 0), (3, 0, 1)])
def test_an_unanswered_request_may_be_counted_or_not(counted: int, missing: int, extra: int) -> None:
    comparison = compare(human(a=counted), {"a": 2}, {"a": 1})
    assert (comparison.missing, comparison.extra) == (missing, extra)


def test_only_what_this_run_added_is_compared() -> None:
    before = {"a": Counter(human=5, bot=1)}
    after = {"a": Counter(human=5, bot=3), "b": Counter(human=1)}
    assert difference(before, after) == {"a": Counter(human=0, bot=2), "b": Counter(human=1)}
    assert difference(after, after) == {}


async def test_reading_goes_on_while_clickhouse_is_down() -> None:
    answers = iter([human(a=1), None, human(a=2)])

    async def read() -> dict[str, Counter[str]]:
        answer = next(answers)
        if answer is None:
            raise TransientClickHouseError(0, "gone")
        return answer

    assert await settled(read, at_least=2, quiet_s=0, deadline_s=10) == human(a=2)
