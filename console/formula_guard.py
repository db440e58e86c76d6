"""Cells of a CSV file that a spreadsheet would run as a formula: an apostrophe before them makes them text.

Reading takes away the one that writing added, so that what is exported can be imported.
"""

import re
from typing import Final

_RUNS: Final = re.compile(r"'*[=+\-@\t\r]")
_GUARDED: Final = re.compile(r"'+[=+\-@\t\r]")


def guarded(cell: str) -> str:
    """A cell as it is safe in a spreadsheet."""
    return f"'{cell}" if _RUNS.match(cell) else cell


def unguarded(cell: str) -> str:
    """What `guarded` was given."""
    return cell[1:] if _GUARDED.match(cell) else cell
