"""What is read of user agents and referrers, from the command line.

python -m stream.enrich show [AGENT [REFERRER]]   its number and packages; or what it reads of these
python -m stream.enrich number                    give the tables of this source tree their number, in numbers.txt
"""

import argparse
import datetime as dt
import sys

from stream.agents.version import give_number
from stream.enrich.agents import APPS
from stream.enrich.enricher import NUMBERS, Enricher, made_of


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m stream.enrich", description="What is read of user agents.")
    commands = parser.add_subparsers(dest="command", required=True)
    show = commands.add_parser("show", help="number and packages, or what is read of an agent and a referrer")
    show.add_argument("agent", nargs="?", help="a user agent")
    show.add_argument("referrer", nargs="?", default="", help="a referring page")
    commands.add_parser("number", help="give this source tree's tables their number, in numbers.txt")
    chosen = parser.parse_args()
    enricher = Enricher()
    if chosen.command == "number":
        number = give_number(enricher.fingerprint, made_of(), dt.datetime.now(dt.UTC).date(), NUMBERS)
        sys.stdout.write(f"enrichment {number}\n")
    elif chosen.agent is not None:
        device = enricher.agents.device(chosen.agent)
        app = device.browser if device.browser in APPS else ""
        sys.stdout.write(f"{device}\n{enricher.referrers.source(chosen.referrer, app)}\n")
    else:
        sys.stdout.write(f"enrichment {enricher.number}\n")
        for name, version in made_of().items():
            sys.stdout.write(f"    {name} {version}\n")


if __name__ == "__main__":
    main()
