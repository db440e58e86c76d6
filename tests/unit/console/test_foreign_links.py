"""What other shorteners export, as they document it, becomes links."""

import json

import pytest

from console.foreign_links import Shortener
from console.link_files import Complaint, FileFormat, FileLink, Foreign, read_links
from schemas.links import Link

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


def read(text: str, kind: FileFormat, shortener: Shortener | None = None, domain: str = "") -> list[object]:
    lines = text.splitlines(keepends=True)
    return list(read_links(lines, kind, updated_at_ms=0, foreign=Foreign(shortener, domain)))


def links(text: str, kind: FileFormat, shortener: Shortener | None = None, domain: str = "") -> list[Link]:
    rows = read(text, kind, shortener, domain)
    assert [one for one in rows if isinstance(one, Complaint)] == []
    return [one.link for one in rows if isinstance(one, FileLink)]


def link(key: str, **fields: object) -> Link:
    domain, _, slug = key.partition("/")
    return Link(domain=domain, slug=slug, **({"destination": "https://ex.test"} | fields))  # type: ignore[arg-type] # as a test names them


@pytest.mark.parametrize(
    ("shortener", "text", "expected"),
    [
        (
            "bitly",
            BITLY,
            [
                link(f"go.ex.test/{slug}", destination="https://ex.test/p", title="P", tags=("mail",))
                for slug in ("a1", "spring")
            ],
        ),
        ("yourls", YOURLS, [link("y.test/ab", title="Ex")]),
        ("kutt", KUTT, [link("k.test/ab", title="Ex")]),
        ("shlink", SHLINK, [link("s.test/ab", tags=("x",), expires_at_ms=1_798_855_445_000)]),
        ("dub", DUB, [link("d.test/ab", title="Ex", tags=("x",))]),
        ("rebrandly", REBRANDLY, [link("r.test/ab", title="Ex")]),
        ("short.io", SHORT_IO, [link("sh.test/ab", status=301)]),
        ("sink", SINK, [link("k.example/ab", tags=("x",), expires_at_ms=1_798_761_600_000)]),
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
        (SHLINK_CSV, link("s.test/ab", title="Ex", tags=("x", "y"))),
        (
            'Long URL,Short code,Domain,Title,Tags\nhttps://ex.test,ab,s.test,Ex,"x,y"\n',
            link("s.test/ab", title="Ex", tags=("x", "y")),
        ),
        (
            "Short link,Destination URL,Clicks,Created at\nhttps://d.test/ab,https://ex.test,7,2026-01-02T03:04:05.000Z\n",
            link("d.test/ab"),
        ),
        (
            "id,createdAt,shortUrl,domain,slashtag,destination\nr1,2026-01-02,r.test/ab,r.test,ab,https://ex.test\n",
            link("r.test/ab"),
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
        link("y.test/ab", title='It\'s (a), "b"'),
        link("y.test/cd", destination="https://ex.test/2"),
    ]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"password": "x"}, "password"),
        ({"disabledAt": "2026-01-01"}, "closed there"),
        ({"geo": {"DE": "https://x"}}, "main one"),
    ],
)
def test_what_is_lost_is_told(change: dict[str, object], why: str) -> None:
    entry = json.loads(DUB)[0] | change
    rows = read(json.dumps([entry]), "json")
    assert [why in one.text for one in rows if isinstance(one, Complaint)] == [True]
    assert len(rows) == (2 if "geo" in change else 1)


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
