"""`make user-agents`: precision and recall of the rule set on every corpus, and what it misjudges, by weight.

    python -m bench.agents [--wrong N]            the table; exit status 1 when a goal is missed
    python -m bench.agents --save FILE            write what it says of every agent
    python -m bench.agents --changed FILE         what it says otherwise than then
    … --agents FILE                               also agents of your own, one a line, as `events` has them

Precision is that of all bots found: what a corpus adds to their denominator are its own wrong ones.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
from rich.console import Console
from rich.table import Table

from bench.agents.corpora import Corpus, corpora
from bench.results import Goal, goals_line
from bench.stack import BenchError
from stream.agents.lists import versions
from stream.agents.rules import Rules, Who

_SHOWN: Final = 110


def main() -> int:
    """Judge the corpora, print, compare."""
    parser = argparse.ArgumentParser(prog="python -m bench.agents", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--wrong", type=int, default=3, metavar="N", help="misjudged agents shown of each corpus")
    parser.add_argument("--save", type=Path, metavar="FILE", help="write what is said of every agent")
    parser.add_argument("--changed", type=Path, metavar="FILE", help="show what is said otherwise than in FILE")
    parser.add_argument("--agents", type=Path, metavar="FILE", help="agents of your own, one a line")
    chosen = parser.parse_args()
    try:
        every = list(corpora())
    except BenchError as error:
        print(error)
        return 1
    rules = Rules()
    own = chosen.agents.read_text("utf-8", "replace").splitlines() if chosen.agents else []
    if chosen.save or chosen.changed:
        judged = {agent: rules.who(agent) for agent in {*own, *(agent for one in every for agent in one.agents)}}
        if chosen.save:
            chosen.save.write_bytes(msgspec.json.encode(judged))
            print(f"rule set {rules.number}: {len(judged)} agents judged, written to {chosen.save}")
        else:
            _show_changes(msgspec.json.decode(chosen.changed.read_bytes(), type=dict[str, Who]), judged)
        return 0
    return _judge(every, rules, chosen.wrong)


def _judge(every: Sequence[Corpus], rules: Rules, n_wrong: int) -> int:
    wrong = {one.name: _misjudged(one, rules) for one in every}
    bots = [one for one in every if one.label == "bot"]
    recognized = {agent for one in bots for agent in one.agents} - {
        agent for one in bots for agent in wrong[one.name]
    }
    made_of = ", ".join(f"{name} {version}" for name, version in versions().items())
    table = Table(title=f"rule set {rules.number}: {made_of}")
    for column in ("corpus", "label", "agents", "misjudged", "right", "right by weight", "precision"):
        table.add_column(column, justify="left" if column in {"corpus", "label"} else "right")
    for one in every:
        missed = sum(one.agents[agent] for agent in wrong[one.name]) / sum(one.agents.values())
        precision = len(recognized) / (len(recognized) + len(wrong[one.name]))
        table.add_row(
            one.name,
            one.label,
            f"{len(one.agents)}",
            f"{len(wrong[one.name])}",
            f"{1 - len(wrong[one.name]) / len(one.agents):.4f}",
            f"{1 - missed:.4f}",
            "" if one.label == "bot" else f"{precision:.4f}",
        )
    console = Console(width=118)
    console.print(table)
    for one in every:
        if one.held_out:  # who reads them tunes to them
            continue
        if wrong[one.name]:
            console.print(f"{one.name}: taken for {'people' if one.label == 'bot' else 'bots'}", markup=False)
        for agent in sorted(wrong[one.name], key=one.agents.__getitem__, reverse=True)[:n_wrong]:
            console.print(f"    {one.agents[agent]:.6f} {agent[:_SHOWN]}", markup=False, highlight=False)
    goals = _goals(every, wrong, len(recognized))
    print(goals_line("user-agents", goals), flush=True)
    return 0 if all(goal.met for goal in goals) else 1


def _misjudged(corpus: Corpus, rules: Rules) -> list[str]:
    return [agent for agent in corpus.agents if (rules.who(agent) is Who.BOT) != (corpus.label == "bot")]


def _goals(every: Sequence[Corpus], wrong: dict[str, list[str]], recognized: int) -> list[Goal]:
    bots = [one for one in every if one.label == "bot"]
    held_out = [one for one in bots if one.held_out]
    people = [one for one in every if one.label == "person"]
    flagged = {agent for one in people for agent in wrong[one.name]}
    traffic = [one for one in people if not one.name.startswith(("Matomo", "crawlerdetect"))]
    return [
        *(Goal(f"recall of bots, {one.name}", _right([one], wrong), "at least", 0.99, "") for one in bots),
        Goal("recall of bots that nobody tuned to", _right(held_out, wrong), "at least", 0.99, ""),
        Goal("precision of bots, all corpora", recognized / (recognized + len(flagged)), "at least", 0.995, ""),
        Goal(
            "browsers of real traffic taken for bots",
            sum(len(wrong[one.name]) for one in traffic),
            "at most",
            0,
            "",
        ),
    ]


def _right(some: Sequence[Corpus], wrong: dict[str, list[str]]) -> float:
    return 1 - sum(len(wrong[one.name]) for one in some) / sum(len(one.agents) for one in some)


def _show_changes(before: dict[str, Who], now: dict[str, Who]) -> None:
    changed = sorted(agent for agent in now.keys() & before.keys() if now[agent] is not before[agent])
    for agent in changed:
        print(f"{before[agent].value} -> {now[agent].value}\t{agent}")
    print(f"{len(changed)} of {len(now)} agents are judged otherwise")


if __name__ == "__main__":
    sys.exit(main())
