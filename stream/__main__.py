"""`python -m stream`: one worker of the stream."""

import argparse
import asyncio
import gc
import logging
import os
import sys

import uvloop

from schemas.logs import set_up_logs
from schemas.settings import settings_or_exit
from stream.service import run
from stream.settings import StreamSettings


def main() -> None:
    """Parse the command line, read the settings, run the worker."""
    parser = argparse.ArgumentParser(
        prog="python -m stream", description="Fold events into counters, exactly once."
    )
    parser.add_argument("--check", action="store_true", help="print the effective settings and exit")
    arguments = parser.parse_args()
    settings = settings_or_exit(StreamSettings, check=arguments.check)
    set_up_logs("stream", settings.log_level)
    # Events hold no cycles: looking for some every 700 objects costs a tenth of the fold.
    gc.set_threshold(100_000, 50, 100)
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    code = asyncio.run(run(settings))
    logging.shutdown()
    sys.stderr.flush()
    # Faust's threads may hang on a broker that is gone; everything durable is in ClickHouse by now.
    os._exit(code)


if __name__ == "__main__":
    main()
