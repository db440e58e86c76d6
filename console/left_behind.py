"""What another shortener's export says and no link here can hold: told column by column, never dropped."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from rich.markup import escape
from rich.table import Table

_COUNTED: Final = "what was counted there is no event here: keep the old reports for it"
_LIMIT: Final = "no link here ends by its number of clicks: `expires_at` ends one by time"
_WHY: Final = {
    **dict.fromkeys(("clicks", "visits", "hits", "visit_count", "visitssummary"), _COUNTED),
    **dict.fromkeys(("leads", "conversions", "sales", "saleamount", "revenue"), _COUNTED),
    **dict.fromkeys(("lastclicked", "lastclickat"), _COUNTED),
    **dict.fromkeys(("maxvisits", "clickslimit"), _LIMIT),
    "archived": "it redirects as there, and is in no archive here: PATCH it with archived, where it is to be",
    "ip": "addresses are never kept",
    "hasredirectrules": "Shlink tells rules apart from links: put the `redirectRules` of GET"
    " /rest/v3/short-urls/{shortCode}/redirect-rules into its entry, and they are read",
    "cloaking": "a link here redirects, and shows no page of its own",
    "rewrite": "a link here redirects, and shows no page of its own",
    "unsafe": "a link here redirects, and shows no page of its own",
    "proxy": "a link here redirects, and shows no page of its own",
}
_NO_FIELD: Final = "no link here has such a field"
_CLICKS: Final = frozenset({"clicks", "visits", "hits", "visit_count", "visitssummary"})
_EMPTY: Final[tuple[Any, ...]] = (None, False, 0, "", "0", [], {})


class Left(NamedTuple):
    """Something of one link that is not taken over, and why; `clicks` are those that were counted there."""

    column: str
    why: str
    clicks: int = 0
    line: int = 0


def left_of(values: Mapping[str, Any], taken: Iterable[str] = ()) -> Iterable[Left]:
    """What of `values` says something and is not `taken`."""
    done = set(taken)
    for column, value in values.items():
        if column in done or value in _EMPTY:
            continue
        plain = column.strip().lower()
        yield Left(column, _WHY.get(plain, _NO_FIELD), _clicks(value) if plain in _CLICKS else 0)


def _clicks(value: Any) -> int:
    text = str(value.get("total", "") if isinstance(value, Mapping) else value).strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < len(str(2**63)) else 0


@dataclass
class LeftBehind:
    """All that a file says and no link here can hold, by column and reason: lines, clicks, the first line."""

    found: dict[tuple[str, str], list[int]] = field(default_factory=dict)

    def add(self, left: Left) -> None:
        """One more."""
        of_column = self.found.setdefault((left.column, left.why), [0, 0, left.line])
        of_column[0] += 1
        of_column[1] += left.clicks

    def table(self) -> Table:
        """For people, the most frequent first."""
        table = Table("column", "links", "clicks", "first in", "why", title="not taken over")
        for column in table.columns[1:4]:
            column.justify = "right"
        for (name, why), (links, clicks, line) in sorted(self.found.items(), key=lambda one: -one[1][0]):
            table.add_row(escape(name), f"{links:,}", f"{clicks:,}" if clicks else "", f"{line:,}", escape(why))
        return table
