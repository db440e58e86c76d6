"""Matching, and what it costs: in CPU time, against itself, so that a busy machine changes nothing."""

import random
import string
import time
from collections.abc import Callable, Sequence

import pytest

from stream.agents.matcher import MAX_CHARS, Matcher, Pattern
from tests.builders import RULES
from tests.unit.stream.agents.samples import BOTS, BROWSERS


def matching(expressions: Sequence[str], text: str, *, caseless: bool = True) -> list[int]:
    return sorted(Matcher([Pattern("test", one, caseless) for one in expressions]).matching(text))


def test_every_pattern_that_is_in_the_text_is_found_once() -> None:
    assert matching(["bot", "^a", "z$", "bot.*bot", "nothing"], "a bot and a bot, z") == [0, 1, 2, 3]


def test_case_matters_where_a_list_says_so() -> None:
    assert matching(["BOT"], "bot") == [0]
    assert matching(["BOT"], "bot", caseless=False) == []


@pytest.mark.parametrize(
    ("expression", "text", "is_in"),
    [
        ("java(?!;)", "java;", False),
        ("java(?!;)", "java; java", True),
        ("(?<! channel/|google/)google", "google/google", True),
        ("(?<! channel/|google/)google", "x channel/google", False),
        ("(?<!cam)scan", "CAMSCAN", False),
        ("(?<!cam)scan", "Scan", True),
    ],
)
def test_lookarounds_are_heeded(expression: str, text: str, is_in: bool) -> None:
    assert bool(matching([expression], text)) is is_in


def test_text_of_any_alphabet_and_half_a_pair_of_surrogates_are_only_text() -> None:
    assert matching(["bot"], "бот 机器人 \ud800 bot") == [0]


def cpu_us(judge: Callable[[str], object], texts: Sequence[str]) -> float:
    """The least of three runs, per text."""
    runs = []
    for _ in range(3):
        began = time.process_time()
        for text in texts:
            judge(text)
        runs.append(time.process_time() - began)
    return min(runs) / len(texts) * 1e6


def test_a_random_agent_costs_about_what_a_known_one_does() -> None:
    chaos = random.Random(8)
    texts = ["".join(chaos.choices(string.printable[:95], k=MAX_CHARS)) for _ in range(1_500)]
    known = [*BROWSERS, *BOTS] * 15
    assert cpu_us(RULES.who, texts) < 3 * cpu_us(RULES.who, known)


@pytest.mark.parametrize(
    "piece",
    [
        *(
            "Android; a",
            "Android; (a)",
            "; Android x",
            "bot Android;",
            "WhatsApp/1 ",
            " Viber/1",
            "com.a.",
            "News/1",
        ),
        *(
            "Mozilla/5.0 (",
            "(compatible; ",
            "(KHTML, like Gecko; ",
            "[FBAN/",
            "Instagram 1.0 (",
            "http://",
            "Build/",
        ),
        *("HTC Desire ", "Microsoft Office 1", "Model/", "HbbTV/1 (", "Google ", ") Gecko (", "aaaaaaaa"),
    ],
)
def test_cost_grows_with_length_and_no_faster_whatever_repeats(piece: str) -> None:
    short, long = ((f"bot {piece * 100}")[:size] for size in (MAX_CHARS // 4, MAX_CHARS))
    # Four times the text: linear is 4, square is 16. Below 100 µs constant costs hide it, and nobody minds.
    assert cpu_us(RULES.who, [long] * 20) < max(8 * cpu_us(RULES.who, [short] * 20), 100)


def test_what_is_longer_than_512_characters_costs_no_more() -> None:
    text = "".join(random.Random(3).choices(string.printable[:95], k=100 * MAX_CHARS))
    assert cpu_us(RULES.who, [text] * 200) < 3 * cpu_us(RULES.who, [text[:MAX_CHARS]] * 200)
