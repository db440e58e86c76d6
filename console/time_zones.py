"""Time zones as people name them on the command line."""

from datetime import tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer


def zone_named(name: str) -> tzinfo | None:
    """The zone of this name, none for no name. Raises BadParameter."""
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise typer.BadParameter(f"there is no time zone {name!r}: name it like Europe/Berlin") from error
