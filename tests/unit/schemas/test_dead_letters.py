import re
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from schemas.batches import BatchHeaders
from schemas.dead_letters import (
    BATCH_HEADERS_MAX_BYTES,
    DETAIL_MAX_CHARS,
    Letter,
    RecordOrigin,
    SpoolOrigin,
    read_letter,
)
from schemas.errors import DeadLetterReason

PAGE = Path(__file__).resolve().parents[3] / "docs" / "contracts" / "dead-letters.md"
OF_A_RECORD = Letter(
    service="stream",
    reason="not_json",
    detail="trailing characters",
    origin=RecordOrigin(topic="clicks", partition=3, offset=17, index=2),
    value=b"garbage",
    batch=tuple(BatchHeaders(spool="a", first=1, last=9, prev=0).to_kafka()),
)
OF_A_SPOOL = Letter(
    service="relay",
    reason="too_large",
    detail="",
    origin=SpoolOrigin(spool="a", segment=2, offset=4096),
    value=b"\0" * 64,
    cut_bytes=36,
)


@pytest.mark.parametrize("letter", [OF_A_RECORD, OF_A_SPOOL])
def test_a_letter_comes_back_as_it_was_written(letter: Letter) -> None:
    assert read_letter(letter.to_kafka(), letter.value) == letter


def test_the_headers_of_the_batch_are_kept_apart_from_where_the_letter_comes_from() -> None:
    headers = dict(OF_A_RECORD.to_kafka())
    assert "spool" not in headers
    assert (headers["batch.spool"], headers["batch.first"], headers["batch.last"]) == (b"a", b"1", b"9")


def test_copies_of_a_letter_share_a_key_and_no_two_letters_do() -> None:
    assert OF_A_RECORD.origin.key == b"clicks-3-17-2"
    assert OF_A_SPOOL.origin.key == b"a-2-4096"


@pytest.mark.parametrize(("kept_bytes", "cut_bytes"), [(0, 100), (63, 37), (64, 36), (65, 36)])
def test_a_cut_adds_to_what_is_missing_already(kept_bytes: int, cut_bytes: int) -> None:
    letter = OF_A_SPOOL.cut_to(kept_bytes)
    assert (len(letter.value), letter.cut_bytes) == (min(kept_bytes, 64), cut_bytes)


def test_a_whole_letter_says_nothing_of_a_cut() -> None:
    assert "cut" not in dict(OF_A_RECORD.to_kafka())


def test_a_detail_is_bounded_and_may_be_any_text() -> None:
    headers = dict(replace(OF_A_RECORD, detail="\ud800" + "x" * 10_000).to_kafka())
    assert len(headers["detail"]) <= DETAIL_MAX_CHARS


@pytest.mark.parametrize(("size", "kept"), [(BATCH_HEADERS_MAX_BYTES - 1, 1), (BATCH_HEADERS_MAX_BYTES, 0)])
def test_of_a_strangers_headers_only_so_much_is_kept(size: int, kept: int) -> None:
    letter = replace(OF_A_RECORD, batch=(("x", b"y" * size), ("z", b"")))
    assert len(read_letter(letter.to_kafka(), b"").batch) == kept


def test_letters_of_the_release_before_are_read() -> None:
    headers = [(name, value) for name, value in OF_A_SPOOL.to_kafka() if name != "service"]
    assert read_letter(headers, OF_A_SPOOL.value) == replace(OF_A_SPOOL, service="")


@pytest.mark.parametrize("missing", ["reason", "offset", "topic", "index"])
def test_what_is_no_letter_is_told_apart(missing: str) -> None:
    headers = [(name, value) for name, value in OF_A_RECORD.to_kafka() if name != missing]
    with pytest.raises(ValueError, match="header"):
        read_letter(headers, b"")
    with pytest.raises(ValueError, match="invalid literal"):
        read_letter([*OF_A_RECORD.to_kafka(), ("offset", b"far")], b"")


def test_the_contract_names_every_header_and_every_reason() -> None:
    page = PAGE.read_text()
    headers = {name for letter in (OF_A_RECORD, OF_A_SPOOL) for name, _ in letter.to_kafka()}
    documented = set(re.findall(r"^\| `([a-z._…]+)` \|", page, re.MULTILINE))
    assert {name if not name.startswith("batch.") else "batch.…" for name in headers} | set(
        get_args(DeadLetterReason)
    ) == documented
