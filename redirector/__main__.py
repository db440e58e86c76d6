"""`python -m redirector serve` answers links; `python -m redirector relay` moves their events to Kafka."""

import argparse
import sys

import uvloop

from redirector.relay import service as relay
from redirector.relay.settings import RelaySettings
from redirector.serve import service as serve
from redirector.serve.addresses import AddressFilesError
from redirector.serve.settings import ServeSettings
from schemas.logs import set_up_logs
from schemas.settings import settings_or_exit


def main() -> None:
    """Run one of the redirector's two services until it is told to stop."""
    parser = argparse.ArgumentParser(prog="redirector", description=__doc__)
    services = parser.add_subparsers(dest="service", required=True)
    for name, meaning in (
        ("serve", "answer links and write every event to the spool"),
        ("relay", "move spooled events to Kafka and follow the links"),
    ):
        service = services.add_parser(name, help=meaning, description=meaning)
        service.add_argument("--check", action="store_true", help="print the effective settings and exit")
    chosen = parser.parse_args()
    if chosen.service == "serve":
        serve_settings = settings_or_exit(ServeSettings, check=chosen.check)
        set_up_logs("serve", serve_settings.log_level)
        try:
            uvloop.run(serve.run(serve_settings))
        except AddressFilesError as error:
            sys.exit(f"serve: {error}")
    else:
        relay_settings = settings_or_exit(RelaySettings, check=chosen.check)
        set_up_logs("relay", relay_settings.log_level)
        uvloop.run(relay.run(relay_settings))


if __name__ == "__main__":
    main()
