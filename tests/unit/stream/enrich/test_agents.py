import random
import string
import time
from collections import Counter
from collections.abc import Sequence

import pytest

from stream.enrich.agents import UNKNOWN, Agents, Device
from tests.unit.stream.agents.samples import BOTS, BROWSERS
from tests.unit.stream.enrich.log import LOG_AGENTS

AGENTS = Agents()
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
ANDROID = "Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko)"
MACINTOSH = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"
IPAD = "Mozilla/5.0 (iPad; CPU OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
CHROMEOS = "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko)"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("ua", "expected"),
    [
        (f"{WINDOWS} Chrome/153.0.0.0 Safari/537.36", ("Chrome", "Windows", "desktop")),
        (f"{WINDOWS} Chrome/153.0.0.0 Safari/537.36 Edg/153.0.0.0", ("Edge", "Windows", "desktop")),
        (
            f"{MACINTOSH} Version/18.6 Safari/605.1.15",
            ("Safari", "macOS", "desktop"),
        ),
        (
            "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0",
            ("Firefox", "Linux", "desktop"),
        ),
        (f"{ANDROID} Chrome/141.0.0.0 Mobile Safari/537.36", ("Chrome", "Android", "phone")),
        (f"{ANDROID} Chrome/141.0.0.0 Safari/537.36", ("Chrome", "Android", "tablet")),
        (f"{IPHONE} Version/18.6 Mobile/15E148 Safari/604.1", ("Safari", "iOS", "phone")),
        (f"{IPHONE} CriOS/141.0 Mobile/15E148 Safari/604.1", ("Chrome", "iOS", "phone")),
        (
            f"{IPAD} Version/17.4 Mobile/15E148 Safari/604.1",
            ("Safari", "iOS", "tablet"),
        ),
        (
            f"{CHROMEOS} Chrome/120.0.0.0 Safari/537.36",
            ("Chrome", "ChromeOS", "desktop"),
        ),
        (f"{IPHONE} Mobile/15E148 [LinkedInApp]/9.29.5", ("LinkedIn", "iOS", "phone")),
        (f"{IPHONE} Mobile/15E148 MicroMessenger/8.0.47(0x18002f2c) NetType/WIFI", ("WeChat", "iOS", "phone")),
        (f"{IPHONE} Mobile/15E148 Barcelona 319.0.0.0 (iPhone14,5; iOS 17_4)", ("Threads", "iOS", "phone")),
        (
            f"{ANDROID} Version/4.0 Chrome/120 Mobile Safari/537.36 NAVER(inapp; search; 2000; 12.4.3)",
            ("NAVER", "Android", "phone"),
        ),
        (f"{IPHONE} Mobile/21E219 [FBAN/FBIOS;FBAV/450.0.0.38.108;FBDV/iPhone14,5]", ("Facebook", "iOS", "phone")),
        (f"{IPHONE} Mobile/21E219 [FBAN/MessengerForiOS;FBAV/450.0.0.38.108]", ("Messenger", "iOS", "phone")),
        (f"{IPHONE} Mobile/15E148 Instagram 322.0.4.27.109 (iPhone14,5; iOS 17_4)", ("Instagram", "iOS", "phone")),
        (f"{IPHONE} Mobile/15E148 musical_ly_33.3.0 BytedanceWebview/d8a21c6", ("TikTok", "iOS", "phone")),
        (f"{WINDOWS} Slack/4.36.140 Chrome/120 Electron/28.2.2 Safari/537.36", ("Slack", "Windows", "desktop")),
        ("", (UNKNOWN, UNKNOWN, UNKNOWN)),
        ("Something else", (UNKNOWN, UNKNOWN, UNKNOWN)),
    ],
)
def test_browser_system_and_device_are_told_with_in_app_browsers_by_name(ua: str, expected: Sequence[str]) -> None:
    assert AGENTS.device(ua) == Device(*expected)


def test_no_browser_that_people_use_is_without_a_system() -> None:
    unknown = [ua for ua in BROWSERS if AGENTS.device(ua).os == UNKNOWN and "ms-office" not in ua]
    assert unknown == []


@pytest.mark.parametrize("ua", BOTS)
def test_every_agent_has_an_answer(ua: str) -> None:
    assert all(AGENTS.device(ua))


def test_a_real_log_is_told_by_system_and_device() -> None:
    devices = Counter(AGENTS.device(ua).device for ua in LOG_AGENTS)
    assert devices["desktop"] > 0.6 * len(LOG_AGENTS)
    assert devices["phone"] > devices["tablet"] > 0


def test_an_agent_seen_before_costs_a_lookup() -> None:
    known = LOG_AGENTS * 5
    began = time.process_time()
    for ua in known:
        AGENTS.device(ua)
    seen = time.process_time() - began
    fresh = Agents()
    began = time.process_time()
    for ua in set(LOG_AGENTS):
        fresh.device(ua)
    assert seen / len(known) < (time.process_time() - began) / len(set(LOG_AGENTS)) / 5


def test_a_hostile_agent_costs_no_more_than_a_few_hundred_known_ones() -> None:
    chaos = random.Random(5)
    texts = ["".join(chaos.choices(string.printable[:95], k=100_000)) for _ in range(50)]
    fresh = Agents()
    began = time.process_time()
    for text in texts:
        fresh.device(text)
    hostile = (time.process_time() - began) / len(texts)
    began = time.process_time()
    for ua in LOG_AGENTS[:200]:
        fresh.device(ua + " ")
    assert hostile < 300 * (time.process_time() - began) / 200
