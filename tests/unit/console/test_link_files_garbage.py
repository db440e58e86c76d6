"""Import files of anything: every row a link or a complaint."""

import csv
import io
import json
from typing import get_args

from hypothesis import example, given, settings
from hypothesis import strategies as st

from console.file_text import text_lines
from console.left_behind import Left
from console.link_files import Blank, Complaint, FileFormat, FileLink, OwnFormat, read_links
from console.link_rows import COLUMNS
from schemas.links import check_link

HEADER = "domain,slug,destination"

TEXT = st.text(max_size=30) | st.sampled_from(
    ["go.example", "https://x.com", "a", "302", "\ud800", "xn--", "[::1]"]
)


def read(content: str | bytes, kind: FileFormat = "csv") -> list[FileLink | Complaint | Blank | Left]:
    raw = content.encode() if isinstance(content, str) else content
    return list(read_links(text_lines(io.BufferedReader(io.BytesIO(raw))), kind, updated_at_ms=7))


@settings(max_examples=300)
@given(raw=st.binary(max_size=300), kind=st.sampled_from(get_args(OwnFormat)), headed=st.booleans())
@example(raw=b'a,"' * 50, kind="csv", headed=True)
def test_garbage_is_complained_about_and_nothing_else(raw: bytes, kind: FileFormat, headed: bool) -> None:
    content = (HEADER.encode() + b"\n" if headed else b"") + raw
    lines = list(text_lines(io.BufferedReader(io.BytesIO(content))))
    for one in read(content, kind):
        assert 1 <= one.line <= max(1, len(lines))
        if isinstance(one, FileLink):
            check_link(one.link)
        elif isinstance(one, Complaint):
            assert one.text.encode()


@settings(max_examples=300)
@given(rows=st.lists(st.lists(TEXT, min_size=len(COLUMNS), max_size=len(COLUMNS)), max_size=8))
def test_every_row_is_a_link_or_a_complaint(rows: list[list[str]]) -> None:
    file = io.StringIO()
    writer = csv.writer(file, quoting=csv.QUOTE_ALL)
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    raw = file.getvalue().encode(errors="surrogatepass")
    assert len(read(raw)) == len(rows)
    as_json = "".join(json.dumps(dict(zip(COLUMNS, row, strict=True))) + "\n" for row in rows)
    assert len(read(as_json, "ndjson")) == len(rows)
