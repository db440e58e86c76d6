"""`python -m stream`: one worker of the stream; `python -m stream tables`: the copier of tables beside it;
`python -m stream reclassify`: a recount of what is stored.
"""

import argparse
import asyncio
import gc
import logging
import os
import sys
from typing import NoReturn

import uvloop

from schemas.command_errors import in_words
from schemas.errors import ClickHouseError
from schemas.logs import set_up_logs
from schemas.settings import settings_or_exit
from stream.recount import command as recount
from stream.service import run, tell_end
from stream.settings import StreamSettings
from stream.tables import service as tables
from stream.tables.settings import TablesSettings


def main() -> None:
    """Parse the command line, read the settings, run one of the two services or a recount."""
    if sys.argv[1:2] == ["reclassify"]:
        recount.main(sys.argv[2:])
        return
    parser = argparse.ArgumentParser(
        prog="python -m stream", description="Fold events into counters, exactly once."
    )
    parser.add_argument(
        "service",
        nargs="?",
        choices=("worker", "tables"),
        default="worker",
        help="worker: count events (the default); tables: copy links into ClickHouse, one is enough;"
        " `reclassify --help` says how events are counted again",
    )
    parser.add_argument("--check", action="store_true", help="print the effective settings and exit")
    arguments = parser.parse_args()
    if arguments.service == "tables":
        _run_tables(check=arguments.check)
    else:
        _run_worker(check=arguments.check)


def _run_worker(*, check: bool) -> None:
    settings = settings_or_exit(StreamSettings, check=check)
    set_up_logs("stream", settings.log_level)
    # Events hold no cycles: looking for some every 700 objects costs a tenth of the fold.
    gc.set_threshold(100_000, 50, 100)
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    asyncio.run(_live_and_die(settings))


def _run_tables(*, check: bool) -> None:
    settings = settings_or_exit(TablesSettings, check=check)
    set_up_logs("tables", settings.log_level)
    try:
        uvloop.run(tables.run(settings))
    except ClickHouseError as error:
        said = in_words(error, "CLICKTALLY_TABLES_")
        logging.getLogger(__name__).critical("ending, to be started anew: %s", said)
        raise SystemExit(1) from None


async def _live_and_die(settings: StreamSettings) -> NoReturn:
    """Run the worker, and end the process from inside.

    Faust's threads may hang on a broker that is gone, and its tasks swallow the cancellation with which asyncio
    ends them: a worker that has given up would stay, hold its partitions and count nothing. Everything durable
    is in ClickHouse by now.
    """
    code = 1
    try:
        code = await run(settings)
    except SystemExit as ended:
        code = int(ended.code or 0)
    except Exception as error:  # noqa: BLE001 - the last one who can say something
        tell_end(error)
    finally:
        logging.shutdown()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
