"""`make bench-user-agents`: what a stranger's agents cost the worker, in CPU time, beside those of everybody.

100,000 random agents of 512 characters, never seen before, against 100,000 of real traffic and known bots, never
seen and seen before; and the worst that was found.
"""

import random
import string
import sys
import time
from collections.abc import Sequence
from typing import Final

from bench.agents.corpora import corpora
from bench.results import Goal, Rounds, alternating, goals_line
from bench.stack import BenchError
from stream.agents.matcher import MAX_CHARS
from stream.agents.rules import Rules
from stream.classify import Classifier, Request

_AGENTS: Final = 100_000
_ROUNDS: Final = 5
_WORST: Final = ("; Android ", "WhatsApp/1 Slack/2 ", "[FBAN Instagram 1.0 Android ", "Mozilla/5.0 (Linux; ")


def main() -> int:
    """Measure, print, compare."""
    chaos = random.Random(8)
    printable = string.printable[:95]
    try:
        real = [agent for corpus in corpora() for agent in corpus.agents]
    except BenchError as error:
        print(error)
        return 1
    began = time.process_time()
    rules = Rules()
    print(f"  built in {time.process_time() - began:.2f} s of CPU, {len(rules.matcher.patterns)} patterns")
    contestants = {
        "random": ["".join(chaos.choices(printable, k=MAX_CHARS)) for _ in range(_AGENTS)],
        "real": chaos.sample(real, _AGENTS),
        "made to be slow": [_slow(chaos) for _ in range(_AGENTS // 20)],
    }
    rounds = Rounds()
    for _, name in alternating(list(contestants), _ROUNDS):
        classifier = Classifier(rules)
        agents = contestants[name]
        rounds.add(name, us_never_seen=_cpu_us(classifier, agents))
        known = agents[:1_000]
        _cpu_us(classifier, known)
        rounds.add(name, us_seen=_cpu_us(classifier, known * 20))
    times = rounds.ratio("random", "real", "us_never_seen")
    each = rounds.median("random", "us_never_seen")
    goals = [
        Goal("CPU of a random agent to a real one", times, "at most", 2, "x"),
        Goal("CPU of a random agent", each, "at most", 20, "µs"),
    ]
    print(goals_line("user-agents", goals), flush=True)
    return 0 if any(goal.met for goal in goals) else 1


def _cpu_us(classifier: Classifier, agents: Sequence[str]) -> float:
    began = time.process_time()
    for agent in agents:
        classifier.verdict(Request(agent))
    return (time.process_time() - began) / len(agents) * 1e6


def _slow(chaos: random.Random) -> str:
    return "bot " + "".join(chaos.choices(_WORST, k=MAX_CHARS // 8))[: MAX_CHARS - 4]


if __name__ == "__main__":
    sys.exit(main())
