from collections import Counter

import pytest

from stream.enrich.agents import APPS
from stream.enrich.referrers import Referrers, Source
from tests.unit.stream.enrich.log import LOG_REFERRERS

REFERRERS = Referrers()


@pytest.mark.parametrize(
    ("referrer", "source", "medium"),
    [
        ("https://www.google.com/", "Google", "search"),
        ("https://www.google.co.uk/search", "Google", "search"),
        ("https://google.de", "Google", "search"),
        ("HTTPS://WWW.GOOGLE.COM:443/", "Google", "search"),
        ("https://www.bing.com/", "Bing", "search"),
        ("https://yandex.ru/", "Yandex", "search"),
        ("https://mail.google.com/mail/u/0/", "Gmail", "email"),
        ("https://docs.google.com/document/d/1", "Google Docs", "referral"),
        ("https://outlook.live.com/", "Outlook", "email"),
        ("https://eur01.safelinks.protection.outlook.com/", "Outlook", "email"),
        ("https://gemini.google.com/", "Gemini", "ai"),
        ("https://chatgpt.com/", "ChatGPT", "ai"),
        ("https://www.perplexity.ai/", "Perplexity", "ai"),
        ("https://poe.com/", "Poe", "ai"),
        ("https://www.phind.com/", "Phind", "ai"),
        ("https://kimi.moonshot.cn/", "Kimi", "ai"),
        ("https://www.doubao.com/", "Doubao", "ai"),
        ("https://t.co/abc", "X", "social"),
        ("https://l.facebook.com/", "Facebook", "social"),
        ("https://www.linkedin.com/feed", "LinkedIn", "social"),
        ("https://old.reddit.com/r/x", "Reddit", "social"),
        ("https://www.youtube.com/", "YouTube", "video"),
        ("https://web.whatsapp.com/", "WhatsApp", "chat"),
        ("https://wa.me/1", "WhatsApp", "chat"),
        ("https://t.me/x", "Telegram", "chat"),
        ("https://line.me/", "LINE", "chat"),
        ("https://teams.microsoft.com/", "Microsoft Teams", "chat"),
        ("android-app://com.google.android.gm/", "Gmail", "email"),
        ("android-app://com.linkedin.android", "LinkedIn", "social"),
        ("android-app://com.slack/", "Slack", "chat"),
        ("android-app://org.example.reader/", "org.example.reader", "app"),
        ("https://www.blog.example/post", "blog.example", "referral"),
        ("", "direct", "direct"),
        ("not a page", "unknown", "unknown"),
        ("about:blank", "unknown", "unknown"),
    ],
)
def test_hosts_are_named_with_their_medium(referrer: str, source: str, medium: str) -> None:
    told = REFERRERS.source(referrer)
    assert (told.source, told.medium) == (source, medium)


@pytest.mark.parametrize(
    "referrer",
    [
        *("https://google.evil.example/", "https://notgoogle.com/", "https://google.com.evil.example/"),
        *("https://x.com.example/", "https://google@evil.example/", "https://evil.example/?https://google.com/"),
    ],
)
def test_nobody_is_taken_for_a_house_by_a_part_of_its_name(referrer: str) -> None:
    assert REFERRERS.source(referrer).medium == "referral"


@pytest.mark.parametrize(
    ("referrer", "host"),
    [
        ("https://www.google.com/", "google.com"),
        ("https://user@L.Facebook.com:443/l.php", "l.facebook.com"),
        ("android-app://com.linkedin.android/", "com.linkedin.android"),
        ("", ""),
        ("not a page", "unknown"),
        ("https://www./", "www"),
    ],
)
def test_the_host_is_kept_beside_the_house(referrer: str, host: str) -> None:
    assert REFERRERS.source(referrer).host == host


@pytest.mark.parametrize(
    ("app", "source", "medium"),
    [
        ("Instagram", "Instagram", "social"),
        ("LinkedIn", "LinkedIn", "social"),
        ("WhatsApp", "WhatsApp", "chat"),
        ("Teams", "Microsoft Teams", "chat"),
        ("Outlook", "Outlook", "email"),
        ("Google app", "Google", "search"),
        ("Some reader", "Some reader", "app"),
        ("", "direct", "direct"),
    ],
)
def test_an_app_that_says_no_referrer_sent_the_visitor_itself(app: str, source: str, medium: str) -> None:
    assert REFERRERS.source("", app) == Source(source, medium)


def test_a_referrer_goes_before_the_app_that_shows_it() -> None:
    assert REFERRERS.source("https://t.co/x", "Instagram") == Source("X", "social", "t.co")


def test_every_app_with_a_browser_of_its_own_has_a_medium_that_is_no_guess() -> None:
    assert [app for app in APPS if REFERRERS.source("", app).medium == "app"] == []


def test_a_real_log_has_searches_and_other_pages_and_nothing_astray() -> None:
    given = [referrer for referrer in LOG_REFERRERS if referrer.startswith("http")]
    mediums = Counter(REFERRERS.source(referrer).medium for referrer in given)
    assert mediums["search"] > 300
    assert mediums["referral"] > 1_000
    assert mediums["unknown"] == mediums["direct"] == 0


def test_a_host_of_any_length_and_any_number_of_dots_is_only_a_name() -> None:
    assert REFERRERS.source("https://" + "a." * 5_000 + "google.com/").source == "Google"
    assert REFERRERS.source("https://" + "." * 500 + "/").medium == "unknown"
