from pathlib import Path

import pytest

from stream.agents.iab import Entry
from stream.agents.lists import OWN, dropped_in_vain, own_rules, packaged
from stream.agents.matcher import PatternError
from stream.agents.rules import Rules, Who
from tests.builders import RULES
from tests.unit.stream.agents.samples import APPS, BOTS, BROWSERS, DEVICES

BROWSER = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/153.0 Safari/537.36"
)


@pytest.mark.parametrize("ua", BOTS)
def test_link_previews_ai_crawlers_monitors_and_libraries_are_bots(ua: str) -> None:
    assert RULES.who(ua) is Who.BOT


@pytest.mark.parametrize("ua", BROWSERS)
def test_browsers_in_app_browsers_and_desktop_programs_are_people(ua: str) -> None:
    assert RULES.who(ua) is Who.BROWSER


@pytest.mark.parametrize("ua", APPS)
def test_programs_that_are_no_browser_are_apps(ua: str) -> None:
    assert RULES.who(ua) is Who.APP


@pytest.mark.parametrize("ua", DEVICES)
def test_feature_phones_and_televisions_are_devices(ua: str) -> None:
    assert RULES.who(ua) is Who.DEVICE


@pytest.mark.parametrize(
    "model", ["SPIDER", "C Bot Tab 70", "M bot 60", "Discovery II", "HTC Desire 22 pro", "ID bot (53+)"]
)
@pytest.mark.parametrize("build", ["", " Build/LMY47V", " Build/LMY47V; wv"])
def test_a_phone_is_no_bot_by_its_model(model: str, build: str) -> None:
    assert (
        RULES.who(
            f"Mozilla/5.0 (Linux; Android 7.0; {model}{build}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/58.0"
            " Mobile Safari/537.36"
        )
        is Who.BROWSER
    )


@pytest.mark.parametrize(
    "name", ["adsbot/1.0", "compatible; X", "spider/2", "https://x.example", "me@crawls.example"]
)
def test_a_bot_that_writes_its_name_among_the_model_is_one(name: str) -> None:
    assert (
        RULES.who(
            f"Mozilla/5.0 (Linux; Android 7.0; bot; {name}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/58.0"
            " Mobile Safari/537.36"
        )
        is Who.BOT
    )


def test_only_the_first_512_characters_are_judged() -> None:
    padding = BROWSER + " " * (512 - len(BROWSER))
    assert RULES.who(padding[:-6] + "bot/1 ") is Who.BOT
    assert RULES.who(padding + "bot/1") is Who.BROWSER


def test_own_bots_and_own_people_win_over_the_lists_and_people_over_bots() -> None:
    bot = "Googlebot/2.1"
    assert Rules(include=["Chrome/153"]).who(BROWSER) is Who.BOT
    assert Rules(exclude=["googlebot"]).who(bot) is not Who.BOT
    assert Rules(include=["google"], exclude=["googlebot"]).who(bot) is not Who.BOT


def test_a_pattern_that_cannot_be_used_is_named() -> None:
    with pytest.raises(PatternError, match=r"include: '\(unclosed' cannot be used.*mend or remove it"):
        Rules(include=["fine", "(unclosed"])


def test_an_entry_of_a_bought_list_counts_but_for_its_exceptions() -> None:
    rules = Rules(bought=[Entry(expression="chrome/153", exceptions=("win64",)), Entry("^opera", ())])
    assert rules.who(BROWSER) is Who.BROWSER
    assert rules.who(BROWSER.replace("Win64", "Win32")) is Who.BOT
    assert rules.who("Opera/9.80 (X11) Presto") is Who.BOT
    assert rules.who("x Opera/9.80 Mozilla/5.0 (X11) Presto") is Who.BROWSER


def test_rule_sets_differ_in_their_fingerprints_and_numbers_when_they_differ_in_a_pattern() -> None:
    own, again, bought = Rules(include=["a"]), Rules(include=["a"]), Rules(bought=[Entry("a", ())])
    assert len({RULES.fingerprint, own.fingerprint, bought.fingerprint}) == 3
    assert own.fingerprint == again.fingerprint
    assert RULES.number < 32_768 <= own.number == again.number < 65_536


def test_the_rule_set_of_this_tree_has_a_number() -> None:
    assert RULES.number < 32_768, (
        "lists or rules changed: run `python -m stream.agents number` and commit numbers.txt"
    )


@pytest.mark.parametrize("name", OWN)
def test_every_rule_of_our_own_files_stands_below_a_reason(name: str) -> None:
    text = Path(str(Path(__file__).parents[4] / "stream" / "agents" / f"{name}.txt")).read_text()
    paragraphs = [part for part in text.split("\n# ")[1:] if part.strip()]
    assert own_rules(name)
    assert all(part.splitlines()[0].strip() for part in paragraphs)
    assert text.startswith("# ")


def test_what_is_dropped_of_a_list_is_still_on_it() -> None:
    assert dropped_in_vain() == [r"\b\w+/1\.0;"], (
        "PyPI's is-bot has it now, or a list lost a pattern: mend dropped.txt"
    )


def test_no_list_came_out_empty() -> None:
    sources = [pattern.source for pattern in packaged()]
    assert sources.count("is-bot") > 150
    assert sources.count("crawlerdetect") > 1_000
    assert sources.count("crawler-user-agents") > 1_000
