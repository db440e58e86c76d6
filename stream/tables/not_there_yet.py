"""Tables that a migration has yet to make: whoever needs one waits for it, and the others go on without."""

from collections.abc import Iterator
from contextlib import contextmanager

from schemas.errors import UNKNOWN_TABLE, ClickHouseError, TransientError


@contextmanager
def not_there_yet(what: str) -> Iterator[None]:
    """Raise TransientError where `what`, as in "table misses", is not there; other errors as they are."""
    try:
        yield
    except ClickHouseError as error:
        if error.code == UNKNOWN_TABLE:
            raise TransientError(f"there is no {what}: `clicktally migrate` makes it") from error
        raise
