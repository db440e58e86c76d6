"""What a report is of by HTTP: links of an account, of a kind, with labels or without, and unknown ones."""

import pytest

from tests.integration.console_process import ConsoleProcess
from tests.integration.reports.world import CLICKS, DAY, KINDS_DAY, UNKNOWN_DAY, rows_of


def test_a_token_of_an_account_sees_the_numbers_of_its_account(console: ConsoleProcess) -> None:
    for report in (f"campaigns?{DAY}", f"breakdown?{DAY}&by=campaign", f"series?{DAY}&by=campaign"):
        assert {row["campaign"] for row in rows_of(console, report, as_token=8)} == {"spring"}
    assert console.ask("GET", f"/v1/reports/posts?{DAY}", token=1).status == 403


def test_links_of_a_kind_and_one_link_are_counted_alone_in_every_report_of_clicks(console: ConsoleProcess) -> None:
    def clicks(filtered: str) -> list[int]:
        reports = ("breakdown?by=link", "series?unit=day", "heat-map?zone=Europe/Berlin", "clicks?by=link")
        return [
            sum(row["clicks"] for row in rows_of(console, f"{report}&{KINDS_DAY}&{filtered}")) for report in reports
        ]

    assert clicks("having=served") == clicks("link=go.example/a") == [5, 5, 5, 1]
    assert clicks("having=platform") == clicks("link=go.example/b") == [7, 7, 7, 2]
    assert clicks("having=platform&link=go.example/a") == clicks("having=viewable") == [0, 0, 0, 0]
    assert clicks("link=go.example/a&campaign=winter") == [0, 0, 0, 0]
    assert rows_of(console, f"uniques?{KINDS_DAY}&by=link&having=served") == [
        {"link": "go.example/a", "unique_clicks": 1}
    ]
    # On another day the same link has impressions of another kind.
    assert [row["link"] for row in rows_of(console, f"breakdown?by=link&{DAY}&having=served")] == []
    assert rows_of(console, f"breakdown?by=link&{KINDS_DAY}&link=go.example/a", as_token=8)


NAMES = {
    "a": {"account": "acme", "campaign": "spring", "post": "=1+1", "channel": "x", "profile": "p"},
    "b": {"account": "acme", "campaign": "spring", "post": "two", "channel": "linkedin"},
    "c": {"campaign": "winter", "post": "one", "channel": "x"},
    "unknown": {},
}
FILTERS = (
    "campaign=spring",
    "campaign=winter&channel=X",
    "campaign=none",
    "campaign=",
    "account=",
    "account=acme&not_post=two",
    "not_channel=linkedin",
    "not_campaign=spring",
    "not_campaign=&not_channel=x",
    "campaign=&channel=x",
    "profile=&not_account=acme",
    "not_profile=p&not_post=",
)


@pytest.mark.parametrize("wanted", FILTERS)
def test_every_report_is_of_the_links_that_fit_and_of_unknown_ones_where_nothing_does(
    console: ConsoleProcess, wanted: str
) -> None:
    def fits(name: str) -> bool:
        for one in wanted.split("&"):
            label, _, value = one.partition("=")
            is_value = NAMES[name].get(label.removeprefix("not_"), "") == value.lower()
            if is_value == label.startswith("not_"):
                return False
        return True

    links = sorted(filter(fits, CLICKS))
    clicks = sum(CLICKS[name] for name in links)
    path = f"?{UNKNOWN_DAY}&{wanted}"
    assert sorted(row["link"] for row in rows_of(console, f"breakdown{path}&by=link")) == [
        f"go.example/{name}" for name in links
    ]
    assert sum(row["clicks"] for row in rows_of(console, f"breakdown{path}&by=channel&class=bot")) == len(links)
    assert sum(row["clicks"] for row in rows_of(console, f"series{path}&unit=day")) == clicks
    assert sum(row["clicks"] for row in rows_of(console, f"series{path}&unit=hour&by=channel,post")) == clicks
    assert sum(row["clicks"] for row in rows_of(console, f"heat-map{path}")) == clicks
    assert sum(row["clicks"] for row in rows_of(console, f"totals{path}") if row["period"] == "now") == clicks
    sides = console.ask("GET", f"/v1/reports/compare{path}&of=channel%3Dx&of=channel%3D", token=7).json["rows"]
    assert [side["links"] for side in sides] == [
        sum(NAMES[name].get("channel", "") == channel for name in links) for channel in ("x", "")
    ]
    findings = {row["finding"]: row["amount"] for row in rows_of(console, f"quality{path}")}
    assert findings.get("clicks: bot", 0) == len(links)
