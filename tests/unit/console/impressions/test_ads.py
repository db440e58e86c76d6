"""Reports of Google Ads and Microsoft Ads: ads by day, sums left out, parts added up."""

from pathlib import Path

import pytest

from console.impressions.spreadsheets import FileError
from tests.unit.console.impressions.downloads import BERLIN, complaints, ms, read, saved, snapshots

GOOGLE = (
    "Ad report\n"
    '"November 1, 2026 - November 3, 2026"\n'
    "Day,Campaign,Ad ID,Ad final URL,Currency code,Impr.,Clicks,CTR,Cost\n"
    '2026-11-01,Spring,987000000001,https://go.example/g1?utm_source=google,EUR,"40,000","2,592",6.48%,"1,012.50"\n'
    "2026-11-02,Spring,987000000001,https://go.example/g1,EUR,--,--,--,0\n"
    "2026-11-02,Total: Sale,987000000002,https://go.example/g2,EUR,7,1,14.29%,0.10\n"
    ' --,Total: Campaigns,,,EUR,"40,007",0,0,0\n'
    'Total: Account,,,,EUR,"40,007",0,0,0\n'
)
GERMAN = (
    "Anzeigenbericht\n1. November 2026 - 3. November 2026\n"
    "Tag;Kampagne;Anzeigen-ID;Finale URL;Währungscode;Impr.;Klicks;Kosten\n"
    "01.11.2026;Frühling;9870;https://go.example/g1;EUR;40.000;2.592;1.012,50\n"
    "Gesamt: Konto;;;;EUR;40.000;2.592;1.012,50\n"
)
FRENCH = (
    "Rapport sur les annonces\n1 novembre 2026 - 3 novembre 2026\n"
    "Jour;Campagne;ID de l'annonce;URL finale;Code de devise;Impr.;Clics;Coût\n"
    "1 nov. 2026;Printemps;9870;https://go.example/g1;EUR;40\u202f000;2\u202f592;1\u202f012,50\n"
    "Total : compte;;;;EUR;40\u202f000;2\u202f592;1\u202f012,50\n"
)
MICROSOFT = (
    '"Report Name: Ads by day"\n"Report Time: 11/1/2026"\n'
    '"Time Zone: (GMT-08:00) Pacific Time (US & Canada); Tijuana"\n'
    '"Last Completed Available Day: 11/8/2026 10:15:00 PM (GMT)"\n'
    '"Last Completed Available Hour: 11/8/2026 10:15:00 PM (GMT)"\n'
    '"Report Aggregation: Daily"\n"Report Filter: "\n"Potential Incomplete Data: {incomplete}"\n"Rows: 3"\n\n'
    '"TimePeriod","AccountName","CampaignName","AdId","FinalUrl","DeviceType","Impressions","Clicks","Spend"\n'
    '"2026-11-01","Acme","Spring","81","https://go.example/m1","Computer","1,200","3","4.50"\n'
    '"2026-11-01","Acme","Spring","81","https://go.example/m1","Smartphone","300","1","0.25"\n'
    '"2026-11-02","Acme","Spring","81","https://go.example/m1","Computer","0","1","0.25"\n'
    '\n"©2026 Microsoft Corporation. All rights reserved. "\n'
)


def test_googles_days_are_read_between_the_title_and_the_sums(tmp_path: Path) -> None:
    reading = read(saved(tmp_path / "report.csv", GOOGLE), zone=BERLIN)
    first, second, third = snapshots(reading)
    assert (first.platform, first.post, first.series) == ("google-ads", "987000000001", "impressions/day")
    assert (first.total, first.side) == (40_000, {"clicks": 2592, "spend_micros": 1_012_500_000})
    assert (first.start_ms, first.end_ms) == (ms("2026-11-01T00:00:00+01:00"), ms("2026-11-02T00:00:00+01:00"))
    assert first.urls == ("https://go.example/g1?utm_source=google",)
    assert second.total == 0
    assert (third.post, third.total) == ("987000000002", 7)
    assert reading.passed.totals == 2
    assert reading.complaints == []


@pytest.mark.parametrize("text", [GERMAN, FRENCH])
def test_google_speaks_other_languages(tmp_path: Path, text: str) -> None:
    reading = read(saved(tmp_path / "report.csv", text), zone=BERLIN)
    (post,) = snapshots(reading)
    assert (post.post, post.total) == ("9870", 40_000)
    assert post.side == {"clicks": 2592, "spend_micros": 1_012_500_000}
    assert post.start_ms == ms("2026-11-01T00:00:00+01:00")
    assert (reading.passed.totals, reading.complaints) == (1, [])


def test_googles_excel_csv_is_tabbed_utf_16(tmp_path: Path) -> None:
    lines = (
        "Ad report",
        "November 1, 2026 - November 3, 2026",
        "Day\tCampaign\tAd ID\tAd final URL\tCurrency code\tImpr.\tClicks",
        "2026-11-01\tGröße\t9870\thttps://go.example/g1\tEUR\t40,000\t1",
    )
    path = saved(tmp_path / "report.csv", b"\xff\xfe" + "\n".join(lines).encode("utf-16-le"))
    assert [one.total for one in snapshots(read(path, zone=BERLIN))] == [40_000]


def test_a_campaign_may_be_called_total(tmp_path: Path) -> None:
    text = "Campaign,Day,Currency code,Impr.,Clicks\nTotal: Sale,2026-11-01,EUR,5,1\nTotal: Campaigns, --,EUR,5,1\n"
    reading = read(saved(tmp_path / "report.csv", text), zone=BERLIN)
    assert [(one.post, one.total) for one in snapshots(reading)] == [("campaign:Total: Sale", 5)]
    assert reading.passed.totals == 1


def test_a_report_without_days_is_refused(tmp_path: Path) -> None:
    text = "Campaign,Currency code,Impr.,Clicks\nSpring,EUR,5,1\n"
    with pytest.raises(FileError, match="no column for the day"):
        read(saved(tmp_path / "report.csv", text), zone=BERLIN)


def test_days_without_a_time_zone_are_asked_for_theirs(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="--time-zone"):
        read(saved(tmp_path / "report.csv", GOOGLE))


def test_a_row_without_a_day_that_is_no_sum_is_a_complaint(tmp_path: Path) -> None:
    text = "Day,Campaign,Currency code,Impr.,Clicks\n,Spring,EUR,5,1\n2026-11-01,,EUR,5,1\n"
    complaint_texts = complaints(read(saved(tmp_path / "report.csv", text), zone=BERLIN))
    assert "has no 'Day'" in complaint_texts["2"]
    assert "names neither an ad nor an ad group nor a campaign" in complaint_texts["3"]


@pytest.mark.parametrize("incomplete", ["true", "false"])
def test_microsofts_devices_are_parts_of_an_ads_day(tmp_path: Path, incomplete: str) -> None:
    reading = read(saved(tmp_path / "report.csv", "\ufeff" + MICROSOFT.format(incomplete=incomplete)), zone=BERLIN)
    first, second = snapshots(reading)
    assert (first.platform, first.post, first.series) == ("microsoft-ads", "81", "Impressions/day")
    assert (first.total, first.side) == (1500, {"clicks": 4, "spend_micros": 4_750_000})
    assert (second.total, second.side["clicks"]) == (0, 1)
    assert first.provisional is (incomplete == "true")
    assert reading.observed_ms == ms("2026-11-08T22:15:00+00:00")
    assert (reading.passed.totals, reading.complaints) == (1, [])
