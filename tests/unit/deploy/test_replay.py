"""The replay reads a log twice, by different means, and compares link by link."""

from collections import Counter
from pathlib import Path

import pytest

from deploy.local.replay.__main__ import links_of
from deploy.local.replay.access_log import Request, read_requests
from deploy.local.replay.counted import compare, difference, settled
from deploy.local.replay.expected import expected_clicks
from schemas.errors import TransientClickHouseError

LINE = (
    b'83.149.9.216 - - [17/May/2015:10:05:03 +0000] "GET /a%20b?x=1 HTTP/1.1" 200 9 "http://r.example/" "Agent/1"'
)
LOG = Path(__file__).parents[4] / "shared" / "data" / "access.log"


def requests(*lines: bytes) -> list[Request | None]:
    return list(read_requests(lines))


def test_a_line_is_a_request_with_its_client_and_its_headers() -> None:
    assert requests(LINE) == [Request(b"83.149.9.216", b"GET", b"/a%20b?x=1", b"http://r.example/", b"Agent/1")]


def test_a_line_whose_end_was_cut_keeps_its_request() -> None:
    (found,) = requests(LINE[:-1])
    assert found is not None
    assert (found.target, found.agent) == (b"/a%20b?x=1", b"Agent/1")


def test_the_common_format_has_no_referrer_and_no_agent() -> None:
    (found,) = requests(LINE.partition(b' "http')[0])
    assert found is not None
    assert (found.referrer, found.agent) == (b"", b"")


def test_escapes_of_the_log_are_undone_in_headers() -> None:
    (found,) = requests(LINE.replace(b"Agent/1", rb"a \"b\" \xe4\n").replace(b"http://r.example/", b"-"))
    assert found is not None
    assert (found.agent, found.referrer) == (b'a "b" \xe4n', b"")


@pytest.mark.parametrize("line", [b"garbage", b'1.2.3.4 - - [x] "-" 408 0 "-" "-"', b'1.2.3.4 - - [x] "GET" 400 0'])
def test_what_is_no_request_is_said_to_be_none(line: bytes) -> None:
    assert requests(line) == [None]
    assert expected_clicks([line], "d") == {}


def test_a_get_is_expected_to_count_once_and_nothing_else_is() -> None:
    lines = [LINE, LINE, LINE.replace(b"GET", b"HEAD"), LINE.replace(b"GET", b"POST"), b"garbage"]
    assert expected_clicks(lines, "d.example") == {"d.example/a b": 2}


@pytest.mark.skipif(not LOG.exists(), reason="the sample log is not beside this clone")
def test_both_readings_of_the_sample_agree() -> None:
    lines = LOG.read_bytes().splitlines()
    found = [one for one in read_requests(lines) if one is not None]
    links, excluded = links_of(found, "d.example")
    gets = Counter(one.method for one in found)[b"GET"]
    assert (len(found), gets) == (10_000, 9_952)
    expected = expected_clicks(lines, "d.example")
    assert sum(expected.values()) == gets
    assert len(excluded) == 2
    assert len(expected.keys() - links.keys()) == 2


def test_reserved_slugs_are_left_out_with_the_reason() -> None:
    (found,) = requests(LINE.replace(b"/a%20b", b"/healthz"))
    assert found is not None
    links, excluded = links_of([found], "d.example")
    assert links == {}
    assert "redirector answers itself" in excluded["/healthz?x=1"]


def human(**counts: int) -> dict[str, Counter[str]]:
    return {link: Counter(human=count) for link, count in counts.items()}


def test_missing_and_extra_are_told_link_by_link() -> None:
    found = compare(human(a=1, b=3, c=2), {"a": 2, "b": 2, "d": 1, "c": 2}, {})
    assert (found.missing, found.extra, found.links) == (2, 1, {"a": -1, "b": 1, "d": -1})


@pytest.mark.parametrize(("counted", "missing", "extra"), [(0, 1, 0), (1, 0, 0), (2, 0, 0), (3, 0, 1)])
def test_an_unanswered_request_may_be_counted_or_not(counted: int, missing: int, extra: int) -> None:
    found = compare(human(a=counted), {"a": 2}, {"a": 1})
    assert (found.missing, found.extra) == (missing, extra)


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
