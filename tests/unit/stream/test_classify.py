from importlib.metadata import version

import pytest

from stream import classify
from stream.classify import HUMAN, LIST_VERSION, REPORTED, Classifier
from tests.builders import BROWSER, CLASSIFIER

BOTS = [
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    (
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)"
        " Chrome/116.0.1938.76 Safari/537.36"
    ),
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "Twitterbot/1.0",
    "LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "WhatsApp/2.23.20.0",
    "TelegramBot (like TwitterBot)",
    "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
    "curl/8.5.0",
    "Wget/1.21.4",
    "python-requests/2.32.3",
    "Go-http-client/2.0",
    "Mozilla/5.0 (compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)",
    "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
    "GPTBot/1.2 (+https://openai.com/gptbot)",
]
BROWSERS = [
    BROWSER,
    "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
        " Version/18.6 Mobile/15E148 Safari/604.1"
    ),
    (
        "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile"
        " Safari/537.36"
    ),
    (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6"
        " Safari/605.1.15"
    ),
]


@pytest.mark.parametrize("ua", BOTS)
def test_crawlers_previews_monitors_and_libraries_are_bots(ua: str) -> None:
    assert CLASSIFIER.verdict(ua, "") == ("bot", "user_agent")


@pytest.mark.parametrize("ua", BROWSERS)
def test_browsers_are_human(ua: str) -> None:
    assert CLASSIFIER.verdict(ua, "") == HUMAN


@pytest.mark.parametrize("ua", ["", " ", "-", "1.0", "???", "\x00"])
def test_a_user_agent_without_a_letter_is_unknown(ua: str) -> None:
    assert CLASSIFIER.verdict(ua, "") == ("unknown", "no_user_agent")


@pytest.mark.parametrize(
    "purpose",
    ["prefetch", "Prefetch", "prefetch;prerender", " prefetch; anonymous-client-ip", "preview", "prerender"],
)
@pytest.mark.parametrize("ua", [BROWSERS[0], BOTS[0], ""])
def test_an_announced_prefetch_comes_before_everything_else(ua: str, purpose: str) -> None:
    assert CLASSIFIER.verdict(ua, purpose) == ("prefetch", "purpose")


@pytest.mark.parametrize("purpose", ["navigate", "no-prefetch", "x"])
def test_another_purpose_leaves_the_user_agent_to_decide(purpose: str) -> None:
    assert CLASSIFIER.verdict(BOTS[0], purpose).traffic_class == "bot"
    assert CLASSIFIER.verdict(BROWSERS[0], purpose) == HUMAN


def test_what_somebody_reports_has_no_user_agent_to_judge() -> None:
    assert REPORTED == ("human", "reported")


def test_the_installed_bot_list_is_the_one_that_the_rule_set_was_made_with() -> None:
    assert version("crawlerdetect") == LIST_VERSION, "raise RULES together with LIST_VERSION"


def test_a_full_cache_changes_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classify, "CACHE_MAX", 3)
    small = Classifier()
    for ua in [*BOTS[:3], *BROWSERS[:3]] * 2:
        assert small.verdict(ua, "") == CLASSIFIER.verdict(ua, "")
