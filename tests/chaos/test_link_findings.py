"""The judge of link changes must be able to fail: what is lost, doubled or overwritten is found by its link."""

import json
from typing import Any

import pytest

from tests.chaos.console_client import Reply, read_reply
from tests.chaos.link_answers import disagreements
from tests.chaos.link_findings import LinkFindings, judge
from tests.chaos.link_ledger import Fate, Kind, LinkChange, Version, last_versions, versions
from tests.chaos.recount import Raw

LINK = "changes.example/a"
OTHER = "changes.example/b"


def change(title: str, at_s: float, kind: Kind = "patch", fate: Fate = "made", **fields: Any) -> LinkChange:
    values = {"link": LINK, "destination": f"https://example.com/{title}"} | fields
    return LinkChange(title=title, kind=kind, fate=fate, sent_s=at_s, answered_s=at_s + 0.5, **values)


def version(offset: int, title: str | None, link: str = LINK, **fields: Any) -> Version:
    values = {"created_ms": 1_000, "updated_ms": 1_000 + offset} | fields
    return Version(offset, link, title, f"https://example.com/{title}", **values)


CHANGES = [
    change("one", 1, "make"),
    change("two", 2, before="one"),
    change("three", 3, fate="refused", before="one"),
    change("gone", 4, "delete", before="two"),
    change("back", 5, "restore"),
    change("four", 6, fate="unknown"),
    change("five", 7, "line", link=OTHER),
    change("six", 8, "drop", link=OTHER),
]
HISTORY = [
    version(0, "one"),
    version(2, "two"),
    version(4, None),
    version(6, "two"),
    version(8, "five", OTHER, created_ms=1_008),
    version(9, None, OTHER),
]


def found(history: list[Version], changes: list[LinkChange] = CHANGES) -> LinkFindings:
    return judge(changes, history)


def test_what_was_told_and_what_is_written_agree_whether_or_not_the_unknown_was_written() -> None:
    assert found(HISTORY).clean, found(HISTORY)
    assert found([*HISTORY, version(12, "four")]).clean


@pytest.mark.parametrize("missing", range(len(HISTORY)))
def test_each_version_that_is_missing_is_found_by_its_link(missing: int) -> None:
    findings = found([one for number, one in enumerate(HISTORY) if number != missing])
    assert not findings.clean
    assert any(HISTORY[missing].link in words for words in findings.words)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (version(12, "two", created_ms=1_012), "written 2 times"),
        (version(12, "three"), "was refused and is written"),
        (version(12, "nobody's"), "asked for by nobody"),
        (version(12, None), "delete was acknowledged 1 times"),
        (version(12, None, OTHER), "where there is none"),
        (version(12, "four", updated_ms=1_006), "not later than"),
        (version(12, "four", archived=True), "with other values"),
        (version(12, "four", OTHER), f"is written to {OTHER}"),
    ],
)
def test_each_version_too_many_or_not_as_it_was_asked_for_is_found(more: Version, says: str) -> None:
    findings = found([*HISTORY, more])
    assert any(says in words and more.link in words for words in findings.words), findings.words


def test_a_change_over_a_state_that_it_was_not_for_is_a_lost_update() -> None:
    changes = [change("one", 1, "make"), change("x", 2, before="one"), change("y", 2, before="one")]
    findings = found([version(0, "one"), version(1, "x"), version(2, "y")], changes)
    assert (findings.lost, findings.doubled) == (0, 1)
    assert "was for the state 'one' and is written over 'x'" in findings.words[0]


def test_one_slug_is_not_made_twice() -> None:
    changes = [change("one", 1, "make"), change("two", 2, "make")]
    findings = found([version(0, "one"), version(1, "two")], changes)
    assert "written over 'one'" in findings.words[0]


def test_what_was_answered_first_is_written_first() -> None:
    changes = [change("one", 1, "make"), change("two", 2, "make", link=OTHER)]
    history = [version(0, "two", OTHER), version(1, "one")]
    assert "was sent after 'one'" in found(history, changes).words[0]
    changes[1].sent_s = changes[0].answered_s  # at the same time: any order is right
    assert found(history, changes).clean


def test_a_line_of_a_stream_that_broke_may_come_again_and_no_more_often() -> None:
    changes = [change("one", 1, "line", repeats=1), change("two", 2, "line")]
    history = [version(0, "one"), version(1, "two"), version(2, "one")]
    assert found(history, changes).clean
    assert "written 3 times" in found([*history, version(3, "two"), version(4, "one")], changes).words[0]


def test_a_line_that_deletes_leaves_no_link_as_it_was() -> None:
    changes = [change("one", 1, "line"), change("two", 2, "drop")]
    assert found([version(0, "one")], changes).lost == 1
    assert found([version(0, "one"), version(1, None)], changes).clean


def test_versions_are_read_from_the_topic_as_it_is() -> None:
    def raw(offset: int, link: str, **fields: object) -> Raw:
        return Raw("links", 0, offset, 0, (), link.encode(), json.dumps(fields).encode() if fields else b"")

    two = raw(2, LINK, domain="changes.example", destination="d", title="t", archived_at_ms=5, updated_at_ms=7)
    records = [raw(3, OTHER), two, raw(1, "go.example/a", destination="d")]
    history = versions(records)
    assert history == [Version(2, LINK, "t", "d", archived=True, updated_ms=7), Version(3, OTHER, None)]
    assert last_versions([*history, version(4, "u")])[LINK].title == "u"


def test_who_says_otherwise_is_named_with_the_link() -> None:
    expected = {LINK: "d t", OTHER: "d u"}
    assert disagreements("ClickHouse", expected, dict(expected)) == []
    for stated in ({LINK: "d t"}, expected | {OTHER: "d v"}, expected | {"changes.example/c": "d"}):
        (words,) = disagreements("ClickHouse", expected, stated)
        assert "ClickHouse: 1 of 2 links" in words


def test_a_reply_that_broke_off_is_unheard_and_its_whole_lines_count() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    whole = read_reply(head + b'8\r\n{"a":1}\n\r\n3\r\n{}\n\r\n0\r\n\r\n')
    assert (whole.whole, whole.made, whole.lines) == (True, True, [{"a": 1}, {}])
    for cut in range(len(head) + 12, len(head) + 20):
        broken = read_reply((head + b'8\r\n{"a":1}\n\r\n3\r\n{}\n\r\n0\r\n\r\n')[:cut])
        assert (broken.unheard, broken.made) == (True, False)
        assert broken.lines[0] == {"a": 1}
    assert read_reply(b"HTTP/1.1 200 O").unheard
    assert Reply(sent=False).nothing_done
    assert not Reply(sent=False).unheard


@pytest.mark.parametrize(
    ("kind", "nothing_done", "unheard"), [("unavailable", True, False), ("unknown-outcome", False, True)]
)
def test_what_a_503_says_decides_whether_it_may_be_sent_again(kind: str, nothing_done: bool, unheard: bool) -> None:
    body = json.dumps({"type": f"/problems/{kind}"})
    head = f"HTTP/1.1 503 X\r\nContent-Type: application/problem+json\r\nContent-Length: {len(body)}\r\n\r\n"
    reply = read_reply((head + body).encode())
    assert (reply.nothing_done, reply.unheard, reply.made) == (nothing_done, unheard, False)
