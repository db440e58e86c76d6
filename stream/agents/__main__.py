"""The rule set of user agents, from the command line.

python -m stream.agents show [AGENT…]   its number and what it is made of; or what it says of agents, and why
python -m stream.agents number          give the rule set of this source tree its number, in numbers.txt
"""

import argparse
import datetime as dt
import sys

from stream.agents.lists import dropped_in_vain, versions
from stream.agents.rules import Rules
from stream.agents.version import give_number


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m stream.agents", description="The rule set of user agents.")
    commands = parser.add_subparsers(dest="command", required=True)
    show = commands.add_parser("show", help="the rule set's number and lists, or what it says of agents and why")
    show.add_argument("agent", nargs="*", help="a user agent")
    commands.add_parser("number", help="give this source tree's rule set its number, in numbers.txt")
    chosen = parser.parse_args()
    rules = Rules()
    if chosen.command == "number":
        number = give_number(rules.fingerprint, versions(), dt.datetime.now(dt.UTC).date())
        sys.stdout.write(f"rule set {number}\n")
    elif chosen.agent:
        for agent in chosen.agent:
            sys.stdout.write(f"{rules.who(agent).value}\t{agent}\n")
            for pattern in rules.why(agent):
                sys.stdout.write(f"    {pattern.source}: {pattern.expression}\n")
    else:
        sys.stdout.write(f"rule set {rules.number}, {len(rules.matcher.patterns)} patterns\n")
        for name, version in versions().items():
            sys.stdout.write(f"    {name} {version}\n")
        for expression in dropped_in_vain():
            sys.stdout.write(f"    no list has {expression!r} any more: remove it from dropped.txt\n")


if __name__ == "__main__":
    main()
