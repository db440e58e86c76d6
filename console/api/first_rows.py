"""The first rows of a report of very many, without names of the others.

Rows with the same counts are in the order of their names. Names are looked up of each row that is sorted by them,
which takes longer than adding up. So more rows than are asked for are taken by their counts alone, names are looked
up of these, and of them the first are shown: the right ones, unless the last of these has the counts of the last of
those. Then the statement fails with THROWN.
"""

from collections.abc import Sequence
from typing import Final

THROWN: Final = 395
"""ClickHouse's number of what throwIf raises."""
MORE: Final = 10_000
"""Rows beyond those that are asked for; their names take some 10 ms."""


def first_rows(rows: str, counts: Sequence[str], names: Sequence[str], limit: int, *, more: int = MORE) -> str:
    """A SELECT of the first `limit` of `rows`, a SELECT, by `counts`, the largest first, then by `names`."""
    by_counts = f"ORDER BY {', '.join(f'{count} DESC' for count in counts)}"
    order, place = f"{by_counts}, {', '.join(names)}", f"({', '.join(counts)})"
    return (
        f"SELECT * EXCEPT (taken, last) FROM (SELECT *, count() OVER () AS taken, min({place}) OVER () AS last"  # noqa: S608 - closed sets
        f" FROM ({rows} {by_counts} LIMIT {limit + more}) {order} LIMIT {limit})"
        f" WHERE NOT throwIf(taken = {limit + more} AND {place} = last) {order}"
    )
