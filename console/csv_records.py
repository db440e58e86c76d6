"""CSV as people's programs write it, record by record, with the line each begins on."""

import csv
from collections import deque
from collections.abc import Iterator
from typing import Final

from console.link_rows import RowError

_DELIMITERS: Final = ",;\t"


class CsvRecords(Iterator[tuple[int, list[str] | RowError]]):
    """The records of a CSV file with the line each begins on; the delimiter is the header's, unless it is given.

    A quote that is never closed would swallow everything after it: then the first of the lines it took is the
    complaint, and the others are read anew.
    """

    def __init__(self, lines: Iterator[str], delimiter: str = "") -> None:
        self._lines = lines
        self._again: deque[str] = deque()
        self._taken: list[str] = []
        self._line = 0
        self._delimiter = delimiter

    def __next__(self) -> tuple[int, list[str] | RowError]:
        while True:
            self._taken = []
            first = self._line + 1
            try:
                cells = next(csv.reader(self._take(), delimiter=self._delimiter or self._sniff(), strict=True))
            except csv.Error as error:
                self._give_back_all_but_one()
                return first, RowError(
                    f"is no CSV: {error}; close every quote, and double a quote inside a quoted cell"
                )
            if cells:
                return first, cells

    def _take(self) -> Iterator[str]:
        while True:
            text = self._again.popleft() if self._again else next(self._lines, "")
            if not text:
                return
            self._line += 1
            self._taken.append(text)
            yield text

    def _give_back_all_but_one(self) -> None:
        self._again.extendleft(reversed(self._taken[1:]))
        self._line -= len(self._taken) - 1

    def _sniff(self) -> str:
        header = next(self._lines, "")
        if header:
            self._again.append(header)
        self._delimiter = max(_DELIMITERS, key=header.count)
        return self._delimiter
