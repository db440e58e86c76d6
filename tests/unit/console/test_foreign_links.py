"""What other shorteners export, as they document it, becomes links."""

import io
import json
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console

from console.foreign_links import Shortener
from console.left_behind import Left, LeftBehind
from console.link_files import Complaint, FileFormat, FileLink, Foreign, read_links
from console.link_rules import as_kept
from schemas.links import Link
from schemas.rules import LinkRules, Rule, Variant

BITLY = """{"links":[{"id":"go.ex.test/a1","link":"https://bit.ly/a1","long_url":"https://ex.test/p","title":"P","archived":false,
"created_at":"2026-02-03T10:11:12+0000","custom_bitlinks":["https://go.ex.test/spring"],"tags":["mail"],"deeplinks":[],"expiration_at":null}],
"pagination":{"size":50,"search_after":"c2VjcmV0","next":"x"}}"""
YOURLS = """{"links":{"link_1":{"shorturl":"https://y.test/ab","url":"https://ex.test","title":"Ex",
"timestamp":"2025-03-04 05:06:07","ip":"192.0.2.7","clicks":"12"}},
"stats":{"total_links":"1","total_clicks":"12"},"statusCode":"200","message":"success"}"""
KUTT = """{"total":1,"limit":10,"skip":0,"data":[{"id":"7d0c","address":"ab","target":"https://ex.test","link":"https://k.test/ab","domain":null,
"banned":false,"password":false,"description":"Ex","expire_in":null,"visit_count":3,"created_at":"2026-01-02T03:04:05.000Z","updated_at":"x"}]}"""
SHLINK = """{"shortUrls":{"data":[{"shortUrl":"https://s.test/ab","shortCode":"ab","longUrl":"https://ex.test","dateCreated":"2026-01-02T03:04:05+00:00",
"tags":["x"],"meta":{"validSince":null,"validUntil":"2027-01-02T03:04:05+01:00","maxVisits":100},"domain":null,"title":null,"crawlable":false,"forwardQuery":true,
"visitsSummary":{"total":5,"nonBots":4,"bots":1},"hasRedirectRules":false}],
"pagination":{"currentPage":1,"pagesCount":1,"itemsPerPage":10,"itemsInCurrentPage":1,"totalItems":1}}}"""
DUB = """[{"id":"1","domain":"d.test","key":"ab","shortLink":"https://d.test/ab","url":"https://ex.test","archived":false,"expiresAt":null,
"password":null,"title":"Ex","tags":[{"id":"t","name":"x","color":"red"}],"ios":null,"clicks":7,"createdAt":"2026-01-02T03:04:05.000Z"}]"""
SINK = """{"version":"1.0","exportedAt":"2026-08-20T00:00:00.000Z","count":1,"links":[{"id":"x1","url":"https://ex.test","slug":"ab","createdAt":1767323045,
"updatedAt":1767323045,"expiration":1798761600,"tags":["x"],"redirectWithQuery":true}],"list_complete":true}"""
REBRANDLY = """[{"id":"r1","title":"Ex","slashtag":"ab","destination":"https://ex.test","shortUrl":"r.test/ab","domain":{"id":"d1","fullName":"r.test"},
"createdAt":"2026-01-02T03:04:05.000Z","clicks":9,"lastClickAt":null,"forwardParameters":false,"tags":[]}]"""
SHORT_IO = """{"count":1,"links":[{"idString":"lnk_1","originalURL":"https://ex.test","path":"ab","shortURL":"http://sh.test/ab","secureShortURL":"https://sh.test/ab",
"title":null,"tags":[],"createdAt":"2026-01-02T03:04:05.000Z","redirectType":"301","archived":false,"hasPassword":false,"DomainId":5,"FolderId":null}],"nextPageToken":null}"""


SHLINK_CSV = """createdAt,domain,shortCode,shortUrl,longUrl,title,tags,visits
2026-01-02,s.test,ab,https://s.test/ab,https://ex.test,Ex,x|y,5
"""


NOW_MS = 1_790_000_000_000
BERLIN = ZoneInfo("Europe/Berlin")


def read(text: str, kind: FileFormat, shortener: Shortener | None = None, domain: str = "") -> list[object]:
    lines = text.splitlines(keepends=True)
    return list(read_links(lines, kind, updated_at_ms=NOW_MS, foreign=Foreign(shortener, domain, BERLIN)))


def left(text: str, kind: FileFormat = "json", domain: str = "") -> dict[str, int]:
    """What is not taken over, by column, with the clicks that were counted there."""
    return {one.column: one.clicks for one in read(text, kind, domain=domain) if isinstance(one, Left)}


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


JANUARY = ms("2026-01-02T03:04:05Z")
PASSED = as_kept(LinkRules(pass_query=True))


def links(text: str, kind: FileFormat, shortener: Shortener | None = None, domain: str = "") -> list[Link]:
    rows = read(text, kind, shortener, domain)
    assert [one for one in rows if isinstance(one, Complaint)] == []
    return [one.link for one in rows if isinstance(one, FileLink)]


def link(key: str, **fields: object) -> Link:
    domain, _, slug = key.partition("/")
    rest: dict[str, Any] = {"destination": "https://ex.test", "updated_at_ms": NOW_MS} | fields
    return Link(domain=domain, slug=slug, v=2 if rest.get("rules") else 1, **rest)


@pytest.mark.parametrize(
    ("shortener", "text", "expected"),
    [
        (
            "bitly",
            BITLY,
            [
                link(
                    f"go.ex.test/{slug}",
                    destination="https://ex.test/p",
                    title="P",
                    tags=("mail",),
                    created_at_ms=ms("2026-02-03T10:11:12Z"),
                )
                for slug in ("a1", "spring")
            ],
        ),
        ("yourls", YOURLS, [link("y.test/ab", title="Ex", created_at_ms=ms("2025-03-04T05:06:07+01:00"))]),
        ("kutt", KUTT, [link("k.test/ab", title="Ex", created_at_ms=JANUARY)]),
        (
            "shlink",
            SHLINK,
            [
                link(
                    "s.test/ab",
                    tags=("x",),
                    expires_at_ms=1_798_855_445_000,
                    created_at_ms=JANUARY,
                    rules=PASSED,
                )
            ],
        ),
        ("dub", DUB, [link("d.test/ab", title="Ex", tags=("x",), created_at_ms=JANUARY, rules=PASSED)]),
        ("rebrandly", REBRANDLY, [link("r.test/ab", title="Ex", created_at_ms=JANUARY)]),
        ("short.io", SHORT_IO, [link("sh.test/ab", status=301, created_at_ms=JANUARY)]),
        (
            "sink",
            SINK,
            [
                link(
                    "k.example/ab",
                    tags=("x",),
                    expires_at_ms=1_798_761_600_000,
                    created_at_ms=1_767_323_045_000,
                    rules=PASSED,
                )
            ],
        ),
    ],
)
def test_a_json_export_becomes_links(shortener: Shortener, text: str, expected: list[Link]) -> None:
    domain = "k.example" if shortener == "sink" else ""
    assert links(text, "json", domain=domain) == expected
    assert links(text, "json", shortener, domain) == expected
    other: Shortener = "dub" if shortener != "dub" else "kutt"
    assert all(isinstance(one, Complaint) for one in read(text, "json", other, domain))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            SHLINK_CSV,
            link("s.test/ab", title="Ex", tags=("x", "y"), created_at_ms=ms("2026-01-02T00:00:00+01:00")),
        ),
        (
            'Long URL,Short code,Domain,Title,Tags\nhttps://ex.test,ab,s.test,Ex,"x,y"\n',
            link("s.test/ab", title="Ex", tags=("x", "y")),
        ),
        (
            "Short link,Destination URL,Clicks,Created at\nhttps://d.test/ab,https://ex.test,7,2026-01-02T03:04:05.000Z\n",
            link("d.test/ab", created_at_ms=JANUARY),
        ),
        (
            "id,createdAt,shortUrl,domain,slashtag,destination\nr1,2026-01-02,r.test/ab,r.test,ab,https://ex.test\n",
            link("r.test/ab", created_at_ms=ms("2026-01-02T00:00:00+01:00")),
        ),
        ("source,target,hits\r\n/ab/,https://ex.test,12\r\n", link("y.test/ab")),
        (
            "Bitlink, Long URL, Title, Tags\ngo.ex.test/a1,https://ex.test,P,mail\n",
            link("go.ex.test/a1", title="P", tags=("mail",)),
        ),
    ],
)
def test_a_csv_export_becomes_links(text: str, expected: Link) -> None:
    assert links(text, "csv", domain="y.test") == [expected]


def test_a_yourls_dump_becomes_links() -> None:
    dump = r"""-- MySQL dump
INSERT INTO `yourls_options` VALUES (1,'x','y');
INSERT INTO `yourls_url` VALUES ('ab','https://ex.test','It\'s (a), \"b\"','2025-03-04 05:06:07','192.0.2.7',12),
('cd','https://ex.test/2',NULL,'2025-03-04 05:06:07','192.0.2.7',0);
INSERT INTO `yourls_log` VALUES (1,'2025-03-04 05:06:07','ab','direct','UA','192.0.2.7','DE');
"""
    assert links(dump, "sql", domain="y.test") == [
        link("y.test/ab", title='It\'s (a), "b"', created_at_ms=ms("2025-03-04T05:06:07+01:00")),
        link("y.test/cd", destination="https://ex.test/2", created_at_ms=ms("2025-03-04T05:06:07+01:00")),
    ]
    assert left(dump, "sql", "y.test") == {"ip": 0, "clicks": 12, "the table of the log": 0}


@pytest.mark.parametrize(
    ("change", "why"), [({"password": "x"}, "password"), ({"disabledAt": "2026-01-01"}, "closed there")]
)
def test_what_no_link_here_can_be_is_refused_by_name(change: dict[str, object], why: str) -> None:
    (complaint,) = read(json.dumps([json.loads(DUB)[0] | change]), "json")
    assert isinstance(complaint, Complaint)
    assert why in complaint.text
    assert "d.test/ab" in complaint.text


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        (BITLY, "json", {}),
        (YOURLS, "json", {"ip": 0, "clicks": 12}),
        (KUTT, "json", {"id": 0, "visit_count": 3, "updated_at": 0}),
        (SHLINK, "json", {"maxVisits": 0, "visitsSummary": 5}),
        (DUB, "json", {"id": 0, "clicks": 7}),
        (SINK, "json", {"id": 0, "updatedAt": 0}),
        (REBRANDLY, "json", {"id": 0, "clicks": 9}),
        (SHORT_IO, "json", {"idString": 0, "DomainId": 0}),
        (SHLINK_CSV, "csv", {"visits": 5}),
        ("source,target,hits\r\n/ab/,https://ex.test,12\r\n", "csv", {"hits": 12}),
        ("Long URL,Short code,Domain,Note\nhttps://ex.test,ab,s.test,\n", "csv", {}),
    ],
)
def test_everything_else_that_an_export_says_is_told_by_column(
    text: str, kind: FileFormat, expected: dict[str, int]
) -> None:
    assert left(text, kind, "k.example") == expected


def rules_of(text: str, domain: str = "") -> LinkRules:
    """The rules of the one link of an export."""
    (one,) = links(text, "json", domain=domain)
    return one.said


def dub(**fields: object) -> str:
    return json.dumps([json.loads(DUB)[0] | fields])


def test_destinations_by_device_and_country_become_rules_in_the_order_in_which_they_held() -> None:
    alps = "https://d.test.example/"
    text = dub(ios="app://x", android="https://a.test/", geo={"DE": alps, "AT": alps})
    assert rules_of(text).rules == (
        Rule(number=1, name="ios", destination="app://x", devices=("ios",)),
        Rule(number=2, name="android", destination="https://a.test/", devices=("android",)),
        Rule(number=3, name="DE, AT", destination=alps, countries=("DE", "AT")),
    )
    sink = json.loads(SINK)
    sink["links"][0] |= {
        "google": "https://g.test/",
        "apple": "https://apple.test/",
        "geo": {"fr": "https://f.test/"},
    }
    assert [
        (one.destination, one.devices, one.countries) for one in rules_of(json.dumps(sink), "k.example").rules
    ] == [
        ("https://g.test/", ("android",), ()),
        ("https://apple.test/", ("ios",), ()),
        ("https://f.test/", (), ("FR",)),
    ]


def test_a_running_test_becomes_variants_with_its_shares() -> None:
    shares = [{"url": "https://ex.test", "percentage": 70}, {"url": "https://b.test/", "percentage": 30}]
    rules = rules_of(dub(testVariants=shares, testCompletedAt="2099-01-01T00:00:00.000Z"))
    assert rules.weight == 70
    assert rules.variants == (Variant(number=1, name="test 1", destination="https://b.test/", weight=30),)
    elsewhere = rules_of(dub(testVariants=shares[1:]))
    assert (elsewhere.weight, [one.weight for one in elsewhere.variants]) == (0, [30])


@pytest.mark.parametrize(
    ("fields", "column"),
    [
        ({"testVariants": [{"url": "x:y", "percentage": 30}], "testCompletedAt": "2026-01-01"}, "testVariants"),
        ({"testVariants": "b"}, "testVariants"),
        ({"geo": {"Europe": "https://b.test/"}}, "geo"),
        ({"geo": ["DE"]}, "geo"),
        ({"rewrite": True}, "rewrite"),
        ({"comments": "ask Ann"}, "comments"),
        ({"createdAt": "yesterday"}, "createdAt"),
    ],
)
def test_what_cannot_be_said_here_is_told_and_the_rest_is_imported(fields: dict[str, object], column: str) -> None:
    assert column in left(dub(**fields))
    assert rules_of(dub(**fields)) == LinkRules(pass_query=True)


def test_an_end_with_a_page_for_it_is_taken_over() -> None:
    (one,) = links(dub(expiresAt="2027-01-01T00:00:00.000Z", expiredUrl="https://over.test/"), "json")
    assert (one.expires_at_ms, one.said.expired_destination) == (ms("2027-01-01T00:00:00Z"), "https://over.test/")


def shlink(*rules: object, **fields: object) -> str:
    document = json.loads(SHLINK)
    document["shortUrls"]["data"][0] |= {"hasRedirectRules": True, "redirectRules": list(rules), **fields}
    return json.dumps(document)


def condition(kind: str, value: str) -> dict[str, object]:
    return {"type": kind, "matchKey": None, "matchValue": value}


def test_rules_of_shlink_hold_by_priority_and_one_with_an_unknown_condition_is_left() -> None:
    said = (
        (2, "https://b.test/", [condition("device", "mobile"), condition("language", "de-AT")]),
        (1, "https://a.test/", [condition("geolocation-country-code", "de")]),
        (3, "https://c.test/", [condition("device", "ios"), condition("ip-address", "10.0.0.*")]),
        (4, "https://d.test/", [condition("language", "de"), condition("language", "fr")]),
    )
    text = shlink(
        *({"longUrl": url, "priority": place, "conditions": conditions} for place, url, conditions in said)
    )
    assert rules_of(text).rules == (
        Rule(number=1, name="rule 1", destination="https://a.test/", countries=("DE",)),
        Rule(
            number=2,
            name="rule 2",
            destination="https://b.test/",
            languages=("de-at",),
            devices=("ios", "android"),
        ),
    )
    told = [one.why for one in read(text, "json") if isinstance(one, Left) and one.column == "redirectRules"]
    assert ["ip-address" in told[0], "two of language" in told[1]] == [True, True]
    assert "hasRedirectRules" not in left(text)
    assert "hasRedirectRules" in left(shlink(redirectRules=[]))


def test_a_time_without_a_zone_is_told_where_nobody_says_which() -> None:
    rows = list(read_links([YOURLS], "json", updated_at_ms=0))
    assert [one.link.created_at_ms for one in rows if isinstance(one, FileLink)] == [None]
    (told,) = (one for one in rows if isinstance(one, Left) and one.column == "timestamp")
    assert "--time-zone" in told.why


def test_what_is_left_is_summed_by_column() -> None:
    behind = LeftBehind()
    for line, clicks in ((3, 7), (5, 8)):
        behind.add(Left("clicks", "no events", clicks, line))
    assert behind.found == {("clicks", "no events"): [2, 15, 3]}
    assert behind.table().row_count == 1


def test_what_is_left_is_named_as_the_file_has_it() -> None:
    behind = LeftBehind()
    behind.add(Left("utm[source]", "no rule here has a condition [/x]"))
    text = io.StringIO()
    Console(file=text, width=200).print(behind.table())
    assert ["utm[source]" in text.getvalue(), "condition [/x]" in text.getvalue()] == [True, True]


@pytest.mark.parametrize("odd", [5, True, {"name": 5}, [5], [None], [{"name": 5}], [["x"]], "spring"])
@pytest.mark.parametrize("field", ["tags", "custom_bitlinks"])
def test_a_field_of_another_kind_ends_no_import(field: str, odd: object) -> None:
    entries: list[dict[str, object]] = [
        {"long_url": "https://ex.test", "id": f"go.ex.test/{slug}"} for slug in "ab"
    ]
    entries[0][field] = odd
    keys = [one.link.key for one in read(json.dumps(entries), "json") if isinstance(one, FileLink)]
    assert {"go.ex.test/a", "go.ex.test/b"} <= {*keys}


def test_a_tag_alone_is_one_tag() -> None:
    (one,) = links('[{"id":"go.ex.test/a","long_url":"https://ex.test","tags":"spring"}]', "json")
    assert one.tags == ("spring",)


@pytest.mark.parametrize(
    ("text", "kind", "why"),
    [
        (SINK, "json", "--domain"),
        ("source,target,hits\n/ab/,https://ex.test,12\n", "csv", "--domain"),
        ("INSERT INTO `yourls_url` VALUES ('ab','https://ex.test');", "sql", "--domain"),
        ("[1]", "json", "no links of a shortener"),
        ('{"links":', "json", "no JSON"),
        ('[{"a":1}]', "json", "no link of"),
    ],
)
def test_what_cannot_be_read_says_what_to_do(text: str, kind: FileFormat, why: str) -> None:
    assert [why in one.text for one in read(text, kind) if isinstance(one, Complaint)] == [True]


def test_our_own_ndjson_in_a_json_file_is_ours() -> None:
    row = '{"domain":"go.example","slug":"a","destination":"https://ex.test"}\n'
    assert links(row, "json") == [link("go.example/a")]
