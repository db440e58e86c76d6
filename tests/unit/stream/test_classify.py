import pytest

from stream.classify import HUMAN, REPORTED, Classifier, Request, Verdict
from tests.builders import BROWSER, CLASSIFIER, RULES

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


APP = "Outlook-iOS/709.2226530.prod.iphone (3.24.1)"
PHONE = "Nokia6300/2.0 (07.21) Profile/MIDP-2.0 Configuration/CLDC-1.1"
NOBODY = ["", " ", "-", "1.0", "???", "\x00"]
BOT = Verdict("bot", "user_agent")
PROXIES = [
    "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
    "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html",
    "Mozilla/5.0",
    "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; Trident/7.0; Microsoft Outlook 16.0.10730; ms-office)",
    APP,
]


def verdict(ua: str, purpose: str = "", network: str = "", *, pixel: bool = False) -> Verdict:
    return CLASSIFIER.verdict(Request(ua, purpose, network, pixel))


@pytest.mark.parametrize("ua", BOTS)
def test_crawlers_previews_monitors_and_libraries_are_bots(ua: str) -> None:
    assert verdict(ua) == BOT


@pytest.mark.parametrize("ua", BROWSERS)
def test_browsers_are_human(ua: str) -> None:
    assert verdict(ua) == HUMAN


def test_people_behind_apps_and_old_phones_are_human_and_have_a_reason_of_their_own() -> None:
    assert verdict(APP) == ("human", "app")
    assert verdict(PHONE) == ("human", "device")


@pytest.mark.parametrize("ua", NOBODY)
def test_a_user_agent_without_a_letter_is_unknown(ua: str) -> None:
    assert verdict(ua) == ("unknown", "no_user_agent")


@pytest.mark.parametrize(
    "purpose",
    ["prefetch", "Prefetch", "prefetch;prerender", " prefetch; anonymous-client-ip", "preview", "prerender"],
)
@pytest.mark.parametrize("ua", [BROWSERS[0], BOTS[0], "", PROXIES[0]])
@pytest.mark.parametrize("network", ["", "datacenter", "office"])
def test_an_announced_prefetch_comes_before_everything_else(ua: str, purpose: str, network: str) -> None:
    for pixel in (False, True):
        assert verdict(ua, purpose, network, pixel=pixel) == ("prefetch", "purpose")


@pytest.mark.parametrize("purpose", ["navigate", "no-prefetch", "x"])
def test_another_purpose_leaves_the_user_agent_to_decide(purpose: str) -> None:
    assert verdict(BOTS[0], purpose) == BOT
    assert verdict(BROWSERS[0], purpose) == HUMAN


@pytest.mark.parametrize("ua", PROXIES)
def test_a_pixel_that_a_mail_proxy_fetched_is_unverified(ua: str) -> None:
    assert verdict(ua, pixel=True) == ("unverified", "mail_proxy")
    assert verdict(ua, pixel=True, network="datacenter") == ("unverified", "mail_proxy")
    assert verdict(ua).traffic_class != "unverified"


def test_a_pixel_that_anybody_else_fetched_is_judged_as_a_click_is() -> None:
    assert verdict(BROWSER, pixel=True) == HUMAN
    assert verdict(BOTS[0], pixel=True) == BOT
    assert verdict("", pixel=True) == ("unknown", "no_user_agent")
    assert verdict("Mozilla/5.0 (X11)", pixel=True).traffic_class != "unverified"


@pytest.mark.parametrize("network", ["datacenter", "mail_scanner"])
@pytest.mark.parametrize("ua", [BROWSER, APP, ""])
def test_data_centres_and_mail_scanners_are_bots_whatever_their_agent(network: str, ua: str) -> None:
    assert verdict(ua, network=network) == ("bot", "network")


def test_the_operators_own_people_are_no_audience() -> None:
    assert verdict(BROWSER, network="office") == ("bot", "office")


def test_a_bots_agent_is_named_before_its_network() -> None:
    assert verdict(BOTS[0], network="datacenter") == BOT


def test_a_network_of_a_class_that_is_not_known_decides_nothing() -> None:
    assert verdict(BROWSER, network="moon") == HUMAN
    assert verdict("", network="moon") == ("unknown", "no_user_agent")


def test_what_somebody_reports_has_no_user_agent_to_judge() -> None:
    assert REPORTED == ("human", "reported")


def test_a_full_cache_changes_no_answer() -> None:
    small = Classifier(RULES, cache_max=3)
    for ua in [*BOTS[:3], *BROWSERS[:3]] * 3:
        assert small.verdict(Request(ua)) == verdict(ua)
