"""The rules of bots are asked in their own process; where they do not answer, that is told."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable

import pytest

from console.api.judge import Judge, NoVerdictError, Verdict

ECHO = """
import json, sys
for number, line in enumerate(sys.stdin, 1):
    asked = json.loads(line)
    reason = asked["ua"] + "|" + asked["purpose"] + asked["network"]
    answer = {"traffic_class": "bot", "reason": reason, "rules": number}
    print(json.dumps(answer), flush=True)
    if asked["ua"] == "last":
        break
"""
Make = Callable[..., Judge]


@pytest.fixture
async def make() -> AsyncIterator[Make]:
    made: list[Judge] = []

    def judge(script: str, *, within_s: float = 10.0, idle_s: float = 300.0) -> Judge:
        made.append(Judge([sys.executable, "-c", script], within_s=within_s, idle_s=idle_s))
        return made[-1]

    yield judge
    for one in made:
        await one.close()


async def ask(judge: Judge, ua: str = "a") -> Verdict:
    return await judge.verdict(ua=ua, purpose="p", network="office")


async def test_many_questions_at_once_are_answered_each_by_one_process(make: Make) -> None:
    judge = make(ECHO)
    answers = await asyncio.gather(*(ask(judge, f"{n}") for n in range(5)))
    assert [one.reason for one in answers] == [f"{n}|poffice" for n in range(5)]
    assert sorted(one.rules for one in answers) == [1, 2, 3, 4, 5]


async def test_what_is_no_utf_8_is_asked_all_the_same(make: Make) -> None:
    assert (await ask(make(ECHO), "\udcff")).reason == "?|poffice"


async def test_a_process_that_ended_is_started_anew(make: Make) -> None:
    judge = make(ECHO)
    assert (await ask(judge, "last")).rules == 1
    answers: list[Verdict] = []
    while not answers:  # it may take a moment until its end is known
        try:
            answers.append(await ask(judge))
        except NoVerdictError:
            continue
    assert answers[0].rules == 1


@pytest.mark.parametrize("script", ["", "raise SystemExit(2)", "input(); print('no JSON')", "print('{}')"])
async def test_rules_that_do_not_answer_are_told(make: Make, script: str) -> None:
    with pytest.raises(NoVerdictError, match=r"CLICKTALLY_STREAM_"):
        await ask(make(script))


async def test_rules_that_are_too_slow_are_told_and_their_late_answer_is_nobodys(make: Make) -> None:
    judge = make("import time; input(); time.sleep(60)", within_s=0.2)
    with pytest.raises(NoVerdictError, match="too slow"):
        await ask(judge)


async def test_a_process_that_nobody_asks_ends(make: Make) -> None:
    judge = make(ECHO, idle_s=0.0)
    assert (await ask(judge)).rules == 1
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert (await ask(judge)).rules == 1
