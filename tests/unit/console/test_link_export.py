"""What is exported can be imported, and says the same."""

import io
from typing import get_args

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from console.formula_guard import guarded, unguarded
from console.link_export import write_links
from console.link_files import FileLink, OwnFormat, read_links
from console.link_rules import as_kept
from schemas.links import CACHE_MAX_S, Link, LinkError, Rules, check_link, form_of
from schemas.rules import NUMBERS_MAX, WEIGHT_MAX, LinkRules, Retired, Rule, Variant

LINK = Link(
    domain="go.example",
    slug="a b?",
    destination="https://example.com/",
    title='=HYPERLINK("https://evil.example")',
    campaign="'-spring",
    tags=("mail", "a, b"),
    origins=("https://example.com",),
    status=307,
    published_at_ms=1_798_131_600_123,
    expires_at_ms=1_798_131_600_000,
)


def exported(links: list[Link], kind: OwnFormat) -> str:
    out = io.StringIO()
    assert write_links(links, kind, out) == len(links)
    return out.getvalue()


def imported(text: str, kind: OwnFormat) -> list[Link]:
    rows = list(read_links(io.StringIO(text, newline=""), kind, updated_at_ms=0))
    assert all(isinstance(one, FileLink) for one in rows), rows
    return [one.link for one in rows if isinstance(one, FileLink)]


def test_an_exported_row_is_as_people_write_it() -> None:
    header, row = exported([LINK], "csv").splitlines()
    assert header.startswith("domain,slug,destination,account,title,campaign")
    assert row == (
        'go.example,a%20b%3F,https://example.com/,,"\'=HYPERLINK(""https://evil.example"")",\'\'-spring,'
        ',,,,,,,,,,"[""mail"",""a, b""]",https://example.com,307,2026-12-24T17:00:00.123Z,2026-12-24T17:00:00Z'
        ",,,0,,,,1,,,,,,,,false,true"
    )


@pytest.mark.parametrize(
    "slug", ["", "/a", "//", "100%", "%zz", "%FF", "%2541", "a b", "\u2003", "-x", "@", "'=", "ü", "+1", "#"]
)
@pytest.mark.parametrize("kind", get_args(OwnFormat))
def test_every_slug_comes_back(slug: str, kind: OwnFormat) -> None:
    link = msgspec.structs.replace(LINK, slug=slug)
    assert imported(exported([link], kind), kind) == [link]


TEXT = st.text(max_size=20).map(str.strip)
TIME_MS = st.none() | st.integers(0, 7_000_000_000_000)
NAME = TEXT.filter(bool) | st.sampled_from(["=1", '"', "a, b"])
NUMBERED = st.lists(
    st.tuples(st.integers(1, NUMBERS_MAX), NAME),
    max_size=6,
    unique_by=(lambda one: one[0], lambda one: one[1]),
)


def rules_of(
    numbered: list[tuple[int, str]], weight: int, starts_at_ms: int | None, term: str, *, switched: bool
) -> Rules | None:
    """Two variants at most, then two rules at most, the others retired."""
    urls = ["https://example.com/a?b=c,d", "app://x"]
    variants, rules, retired = numbered[:2], numbered[2:4], sorted(numbered[4:])
    return as_kept(
        LinkRules(
            variants=tuple(
                Variant(number=number, name=name, destination=url, weight=weight)
                for (number, name), url in zip(variants, urls, strict=False)
            ),
            split_at_ms=0,
            rules=tuple(
                Rule(number=number, name=name, destination=url, countries=("DE",), languages=("de-at", "fr"))
                for (number, name), url in zip(rules, urls, strict=False)
            ),
            retired=tuple(Retired(number=number, name=name) for number, name in retired),
            starts_at_ms=starts_at_ms,
            early_destination="" if starts_at_ms is None else "https://example.com/soon",
            expired_destination="https://example.com/over" if switched else "",
            pass_query=switched,
            add_utm=not switched,
            utm_term=term,
            utm_source="news",
        )
    )


RULES = st.none() | st.builds(
    rules_of,
    NUMBERED,
    st.integers(1, WEIGHT_MAX),
    TIME_MS,
    st.text(max_size=20).map(str.strip) | st.just("=1"),
    switched=st.booleans(),
)


@settings(max_examples=300)
@given(
    link=st.builds(
        Link,
        domain=st.just("go.example"),
        slug=st.text(max_size=20),
        destination=st.just("https://example.com/"),
        title=TEXT,
        campaign=TEXT,
        profile=TEXT | st.sampled_from(["=1+1", "'=1", "''@x", "-", "+", "'"]),
        tags=st.lists(TEXT.filter(bool), max_size=3, unique=True).map(tuple),
        status=st.sampled_from([301, 302, 308]),
        cache_s=st.integers(0, CACHE_MAX_S),
        click_id_parameter=st.sampled_from(["", "ct_click", "-x"]),
        created_at_ms=TIME_MS,
        published_at_ms=TIME_MS,
        expires_at_ms=TIME_MS,
        rules=RULES,
        v=st.just(1),
    ).map(lambda link: msgspec.structs.replace(link, v=form_of(link))),
    kind=st.sampled_from(get_args(OwnFormat)),
)
@example(link=LINK, kind="csv")
@example(link=msgspec.structs.replace(LINK, tags=('["', "x")), kind="csv")
def test_whatever_a_link_has_comes_back(link: Link, kind: OwnFormat) -> None:
    try:
        check_link(link)
    except LinkError:
        return
    assert imported(exported([link], kind), kind) == [link]


@given(st.text(max_size=10) | st.text(alphabet="'=+-@a", max_size=6))
def test_no_cell_runs_in_a_spreadsheet_and_each_comes_back(cell: str) -> None:
    assert guarded(cell)[:1] not in {*"=+-@\t\r"} - {""}
    assert unguarded(guarded(cell)) == cell
