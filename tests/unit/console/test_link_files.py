"""Import files: every line a link or a complaint, whatever the file."""

import io
import json
from typing import get_args

import msgspec
import pytest

from console.file_text import text_lines
from console.left_behind import Left
from console.link_files import Blank, Complaint, FileFormat, FileLink, OwnFormat, read_links
from console.link_rows import COLUMNS
from console.link_rules import as_kept
from schemas.links import Link
from schemas.rules import LinkRules, Retired, Variant

HEADER = "domain,slug,destination"


def read(content: str | bytes, kind: FileFormat = "csv") -> list[FileLink | Complaint | Blank | Left]:
    raw = content.encode() if isinstance(content, str) else content
    return list(read_links(text_lines(io.BufferedReader(io.BytesIO(raw))), kind, updated_at_ms=7))


def links_in(content: str | bytes, kind: FileFormat = "csv") -> list[Link]:
    return [one.link for one in read(content, kind) if isinstance(one, FileLink)]


class KnownLinks:
    """Links that exist, in memory."""

    def __init__(self, *links: Link) -> None:
        self._links = {link.key: link for link in links}

    def get(self, key: str) -> Link | None:
        return self._links.get(key)

    def domains(self) -> set[str]:
        return {link.domain for link in self._links.values()}


def complaints(content: str | bytes, kind: FileFormat = "csv") -> list[tuple[int, str]]:
    return [(one.line, one.text) for one in read(content, kind) if isinstance(one, Complaint)]


def test_a_row_becomes_a_link_with_all_its_names() -> None:
    content = (
        f"{','.join(COLUMNS)}\n"
        "GO.Example,/hello,https://example.com/x,shop,Hello,spring,p1,x,acme,b,colours,1790,https://x.com/acme/1790,"
        'platform,awareness,ct_click,"a, b,,c","https://A.example,http://b.example:80",301,'
        "2026-11-01T09:00:00Z,2026-12-24T18:00:00+01:00,2026-11-02T09:00:00Z,2026-10-01T00:00:00Z,60,"
        '"[{""name"":""b"",""destination"":""https://example.com/b""}]",,'
        '"[{""number"":4,""name"":""old""}]",2,https://example.com/soon,,news,,,,,Yes,false\n'
    )
    assert links_in(content) == [
        Link(
            domain="go.example",
            slug="hello",
            destination="https://example.com/x",
            account="shop",
            title="Hello",
            tags=("a", "b", "c"),
            campaign="spring",
            post="p1",
            channel="x",
            profile="acme",
            variant="b",
            experiment="colours",
            post_id="1790",
            post_url="https://x.com/acme/1790",
            published_at_ms=1793523600000,
            impressions="platform",
            aim="awareness",
            click_id_parameter="ct_click",
            created_at_ms=1790812800000,
            origins=("https://a.example", "http://b.example"),
            status=301,
            expires_at_ms=1798131600000,
            cache_s=60,
            updated_at_ms=7,
            rules=as_kept(
                LinkRules(
                    variants=(Variant(number=5, name="b", destination="https://example.com/b"),),
                    weight=2,
                    split_at_ms=7,
                    retired=(Retired(number=4, name="old"),),
                    starts_at_ms=1793610000000,
                    early_destination="https://example.com/soon",
                    pass_query=True,
                    add_utm=False,
                    utm_source="news",
                )
            ),
            v=2,
        )
    ]


def links_after(before: Link, content: str, *, replace: bool = False) -> list[FileLink | Complaint | Blank | Left]:
    """What a file makes of one link."""

    return list(
        read_links(
            io.StringIO(content, newline=""), "csv", updated_at_ms=9, known=KnownLinks(before), replace=replace
        )
    )


def test_a_file_changes_what_it_names_of_a_links_rules_and_numbers_stay() -> None:
    variants = (
        Variant(number=1, name="b", destination="https://example.com/b"),
        Variant(number=2, name="c", destination="https://example.com/c"),
    )
    rules = LinkRules(variants=variants, split_at_ms=3, utm_source="news", pass_query=True)
    before = Link(domain="a", slug="b", destination="https://example.com/", rules=as_kept(rules), v=2)
    (same,) = links_after(before, "domain,slug,title\na,b,x\n")
    assert isinstance(same, FileLink)
    assert (same.link.said, same.link.title) == (rules, "x")
    cell = '"[{""name"":""c"",""destination"":""https://example.com/c""}]"'
    (less,) = links_after(before, f"domain,slug,variants,utm_source\na,b,{cell},\n")
    assert isinstance(less, FileLink)
    assert less.link.said == LinkRules(
        variants=variants[1:], split_at_ms=9, retired=(Retired(number=1, name="b"),), pass_query=True
    )
    (replaced,) = links_after(
        before, f"domain,slug,destination,variants\na,b,https://d.example/,{cell}\n", replace=True
    )
    assert isinstance(replaced, FileLink)
    assert replaced.link.said == LinkRules(
        variants=variants[1:], split_at_ms=9, retired=(Retired(number=1, name="b"),)
    )


@pytest.mark.parametrize(
    ("column", "cell", "why"),
    [
        ("variants", "b", "variants is no JSON list as an export writes it"),
        ("variants", '"[{""name"":""b""}]"', "missing required field `destination`"),
        (
            "variants",
            '"[{""name"":""b"",""destination"":""/x""}]"',
            "variants/0/destination '/x' is no absolute URL",
        ),
        ("rules", '"[{""name"":""b"",""destination"":""https://b.example""}]"', "rules/0 has no condition"),
        ("weight", "-1", "weight '-1' is no whole number"),
        ("weight", "10001", "weight"),
        ("cache_s", "1.5", "cache_s '1.5' is no whole number"),
        ("cache_s", "99999999", "cache_s"),
        ("pass_query", "maybe", "neither true nor false"),
        ("early_destination", "https://example.com/soon", "set starts_at"),
        ("expired_destination", "javascript:a", "would run as a script"),
        ("utm_term", "x" * 129, "utm_term"),
        ("starts_at", "tomorrow", "starts_at 'tomorrow' is no ISO 8601 time"),
    ],
)
def test_a_cell_that_no_rule_is_is_complained_of(column: str, cell: str, why: str) -> None:
    content = f"domain,slug,destination,{column}\ngo.example,a,https://example.com/,{cell}\n"
    (complaint,) = read_links(io.StringIO(content, newline=""), "csv", updated_at_ms=7)
    assert isinstance(complaint, Complaint)
    assert why in complaint.text


def test_ndjson_and_csv_mean_the_same() -> None:
    row = {"domain": "go.example", "slug": "a", "destination": "https://x.com", "status": 307, "campaign": "c"}
    as_csv = f'{",".join(row)},tags\n{",".join(map(str, row.values()))},"d,e"\n'
    for tags in ("d,e", ["d", "e"]):
        assert links_in(json.dumps(row | {"tags": tags}) + "\n", "ndjson") == links_in(as_csv) != []


@pytest.mark.parametrize("start", [b"\xef\xbb\xbf", b""])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_what_spreadsheets_write_is_read(start: bytes, newline: str, delimiter: str) -> None:
    lines = [HEADER.replace(",", delimiter), delimiter.join(("go.example", "ä", "https://x.com")), ""]
    assert [link.slug for link in links_in(start + newline.join(lines).encode())] == ["ä"]


def test_a_complaint_names_the_line_its_row_begins_on() -> None:
    content = f'{HEADER},post\ngo.example,a,https://x.com,"two\nlines"\n\ngo.example,b,nowhere,\n'
    assert [link.post for link in links_in(content)] == ["two\nlines"]
    assert complaints(content) == [(5, "destination 'nowhere' is no absolute URL: start it with https://")]


def test_an_unclosed_quote_costs_its_own_line_only() -> None:
    content = f'{HEADER}\ngo.example,"a,https://x.com\ngo.example,b,https://x.com\ngo.example,c,https://x.com\n'
    assert [link.slug for link in links_in(content)] == ["b", "c"]
    assert [line for line, _ in complaints(content)] == [2]


def test_a_link_given_twice_is_imported_once_and_named() -> None:
    content = f"{HEADER}\ngo.example,a,https://x.com\nGO.example.,/a,https://y.com\n"
    assert [link.destination for link in links_in(content)] == ["https://x.com"]
    assert complaints(content) == [(3, "go.example/a is on line 2 already: keep one of them")]


@pytest.mark.parametrize(
    ("header", "complaint"),
    [
        ("", "the file is empty"),
        ("domain,destination", "lacks slug"),
        (f"{HEADER},", "ends in a delimiter"),
        ("domain,,slug,destination", "no name for column 2"),
        (f"{HEADER},chanel", "unknown columns 'chanel'"),
        (f"{HEADER},slug", "slug more than once"),
    ],
)
def test_a_wrong_header_stops_the_file(header: str, complaint: str) -> None:
    assert [
        complaint in text for _, text in complaints(f"{header}\ngo.example,a,https://x.com\n" * bool(header))
    ] == [True]


ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_a_file_is_read_whatever_system_wrote_it(encoding: str, newline: str) -> None:
    text = newline.join([HEADER, "go.example,caf\xe9,https://x.com", "go.example,b,nowhere", ""])
    assert [link.slug for link in links_in(text.encode(encoding))] == ["caf\xe9"]
    assert [line for line, _ in complaints(text.encode(encoding))] == [3]


@pytest.mark.parametrize("kind", get_args(OwnFormat))
def test_what_is_no_text_is_told_with_what_to_do(kind: FileFormat) -> None:
    good = {"domain": "go.example", "slug": "a", "destination": "https://x.com"}
    lines = {"csv": [HEADER, "go.example,caf\xe9,https://x.com", "go.example,a,https://x.com"]}.get(
        kind, ['{"domain":"go.example","slug":"caf\xe9","destination":"https://x.com"}', json.dumps(good)]
    )
    raw = "\n".join(lines).encode("latin-1")
    assert [link.slug for link in links_in(raw, kind)] == ["a"]
    assert ["--encoding" in text for _, text in complaints(raw, kind)] == [True]
    lines_as_named = text_lines(io.BufferedReader(io.BytesIO(raw)), "windows-1252")
    read_as_named = read_links(lines_as_named, kind, updated_at_ms=7)
    assert [one.link.slug for one in read_as_named if isinstance(one, FileLink)] == ["caf\xe9", "a"]


@pytest.mark.parametrize("cut", [1, 3])
def test_a_utf_16_file_cut_in_a_character_loses_that_row_only(cut: int) -> None:
    raw = f"{HEADER}\ngo.example,a,https://x.com\ngo.example,b,https://x.com/\U0001f517".encode("utf-16")[:-cut]
    assert [link.slug for link in links_in(raw)] == ["a"]
    assert [line for line, _ in complaints(raw)] == [3]


def test_rows_without_anything_in_them_are_counted_and_no_complaint() -> None:
    content = f"{HEADER}\n,,\ngo.example,a,https://x.com\n , ,\n\n,\n"
    assert [link.slug for link in links_in(content)] == ["a"]
    assert [one.line for one in read(content) if isinstance(one, Blank)] == [2, 4, 6]
    assert complaints(content) == []


def test_null_means_absent() -> None:
    row = {"domain": "go.example", "slug": "a", "destination": "https://x.com"}
    nulls = row | dict.fromkeys(set(COLUMNS) - row.keys())
    assert links_in(json.dumps(nulls), "ndjson") == links_in(json.dumps(row), "ndjson") != []


OLD = Link(
    domain="go.example",
    slug="a",
    destination="https://x.com/old",
    campaign="spring",
    tags=("mail",),
    status=301,
    expires_at_ms=1798131600000,
    updated_at_ms=3,
)


def imported(content: str, *, kind: FileFormat = "csv", replace: bool = False) -> FileLink:
    (one,) = read_links(
        [f"{line}\n" for line in content.split()], kind, updated_at_ms=7, known=KnownLinks(OLD), replace=replace
    )
    assert isinstance(one, FileLink), one
    return one


@pytest.mark.parametrize("kind", get_args(OwnFormat))
def test_only_what_a_file_names_is_changed(kind: FileFormat) -> None:
    content = {
        "csv": "domain,slug,channel,campaign\ngo.example,a,x,",
        "ndjson": '{"domain":"go.example","slug":"a","channel":"x","campaign":"","title":null}',
    }[kind]
    one = imported(content, kind=kind)
    assert one.before == OLD
    assert one.link == msgspec.structs.replace(OLD, channel="x", campaign="", updated_at_ms=7)
    assert not one.unchanged


def test_an_empty_cell_of_a_named_column_empties_it() -> None:
    one = imported("domain,slug,status,tags,expires_at\ngo.example,a,,,")
    assert one.link == msgspec.structs.replace(OLD, status=302, tags=(), expires_at_ms=None, updated_at_ms=7)


def test_replacing_empties_what_the_file_does_not_name() -> None:
    one = imported("domain,slug,destination\ngo.example,a,https://x.com/new", replace=True)
    assert one.link == Link(domain="go.example", slug="a", destination="https://x.com/new", updated_at_ms=7)


def test_a_link_as_it_was_need_not_be_written() -> None:
    assert imported("domain,slug,campaign\ngo.example,a,spring").unchanged
    assert imported("domain,slug\ngo.example,a").unchanged


@pytest.mark.parametrize(("slug", "replace"), [("new", False), ("a", True)])
def test_a_new_link_needs_a_destination(slug: str, replace: bool) -> None:
    lines = ["domain,slug,campaign\n", f"go.example,{slug},spring\n"]
    (one,) = read_links(lines, "csv", updated_at_ms=7, known=KnownLinks(OLD), replace=replace)
    assert isinstance(one, Complaint)
    assert f"go.example/{slug} has no destination" in one.text


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ("go.example,a", "has 2 cells where the header has 5"),
        ("go.example,healthz,https://x.com,,", "redirector answers itself"),
        ("go.example,a?b,https://x.com,,", "write %3F"),
        ("go.example,a,https://x.com,200,", "301, 302, 303, 307 or 308"),
        ("go.example,a,https://x.com,,tomorrow", "ISO 8601"),
        ("go.example,a,https://x.com,,2026-12-24", "time zone"),
        ("go.example,a,https://x.com,,9999-12-31T00:00:00Z", "leave it empty"),
        ("go.example,a,javascript:alert(1),,", "script"),
        ("http://go.example,,https://x.com,,", ""),
    ],
)
def test_a_wrong_value_says_what_to_do(row: str, complaint: str) -> None:
    content = f"{HEADER},status,expires_at\n{row}\ngo.example,good,https://x.com,,\n"
    if complaint:
        assert [complaint in text for _, text in complaints(content)] == [True]
    assert links_in(content)[-1].slug == "good"


@pytest.mark.parametrize(
    ("column", "cell", "complaint"),
    [
        ("impressions", "seen", "Invalid enum value 'seen'"),
        ("aim", "fame", "Invalid enum value 'fame'"),
        ("origins", "www.example.com", "write it like https://www.example.com"),
        ("tags", '"a,a"', "twice"),
        ("published_at", "yesterday", "published_at 'yesterday' is no ISO 8601 time"),
        ("post_url", "x.com/1", "post_url 'x.com/1' is no absolute URL"),
    ],
)
def test_a_wrong_value_of_a_post_says_what_to_do(column: str, cell: str, complaint: str) -> None:
    content = f"{HEADER},{column}\ngo.example,a,https://x.com,{cell}\n"
    assert [complaint in text for _, text in complaints(content)] == [True]


@pytest.mark.parametrize(
    "line", ["[]", "{", '{"domain": 1}', '{"domain":"a","slug":"b","destination":"https://x","chanel":"x"}', "\xff"]
)
def test_a_broken_json_line_is_named(line: str) -> None:
    good = '{"domain":"go.example","slug":"a","destination":"https://x.com"}'
    content = f"{line}\n{good}\n".encode("latin-1")
    assert [number for number, _ in complaints(content, "ndjson")] == [1]
    assert len(links_in(content, "ndjson")) == 1


@pytest.mark.parametrize(
    ("rows", "bad"),
    [
        (["a.example,1,https://a.example/1"], [2]),
        (["a.example,1,https://b.example/2", "b.example,2,https://a.example/1"], [3]),
        (
            [
                "a.example,1,https://b.example/2",
                "b.example,2,https://c.example/3",
                "c.example,3,https://A.example./1",
            ],
            [4],
        ),
        (["a.example,1,https://old.example/"], [2]),
    ],
)
def test_no_ring_of_links_can_be_imported(rows: list[str], bad: list[int]) -> None:
    known = KnownLinks(Link(domain="old.example", slug="", destination="https://example.com/"))
    read = list(read_links([f"{row}\n" for row in (HEADER, *rows)], "csv", updated_at_ms=7, known=known))
    assert [one.line for one in read if isinstance(one, Complaint)] == bad


def test_escapes_in_a_slug_mean_what_they_mean_in_a_url() -> None:
    assert [link.slug for link in links_in(f"{HEADER}\ngo.example,a%20b%3F,https://x.com\n")] == ["a b?"]
