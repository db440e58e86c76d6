"""Which links a report is about: from filters to conditions, so that counters of other links are not read.

Values travel as parameters of the statement, never in its text.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from console.api.by_labels import LABELS
from console.api.problems import Problem
from console.api.report_wire import LinkFilters, TimeFilters

Parameters = tuple[tuple[str, Any], ...]

NAMES: Final = "toString(links.account) AS account, campaign, post, lower(trim(links.channel)) AS channel, profile"
"""The labels of a row of `links`, as the views of performance have them."""
# Names of deleted links stay, as in these views.
NAMED: Final = f"(SELECT link, {NAMES} FROM links FINAL)"  # noqa: S608 - a constant
_OF_FEW: Final = ("campaign", "post")


@dataclass(frozen=True)
class WantedLinks:
    """The links whose labels meet all of these conditions. None: all links, known or not."""

    conditions: tuple[str, ...]
    parameters: Parameters
    with_unknown: bool
    """Whether counted links of which nothing is known, so that all labels are empty, are among them."""

    @property
    def are_few(self) -> bool:
        """Whether a campaign or a post is named: links of which the counters are few among all."""
        return any(given in _OF_FEW and value for given, value in self.parameters)

    def among(self, column: str) -> list[str]:
        """The condition on a column of names of links; none where all are wanted.

        A set of names is known before counters are read, and their key begins with the link.
        """
        if not self.conditions:
            return []
        if self.with_unknown:
            return [f"{column} NOT IN (SELECT link FROM {NAMED} WHERE NOT ({' AND '.join(self.conditions)}))"]  # noqa: S608 - closed sets
        return [f"{column} IN (SELECT link FROM {NAMED}{where(self.conditions)})"]  # noqa: S608 - closed sets

    def join_names(self, by: Iterable[str]) -> str:
        """A join that brings labels, `named.…`, to rows `counted` of links; nothing where it is by none."""
        if set(LABELS).isdisjoint(by):
            return ""
        names = NAMED
        if self.conditions and not self.with_unknown:
            names = f"(SELECT * FROM {NAMED}{where(self.conditions)})"  # noqa: S608 - closed sets
        return f" LEFT JOIN {names} AS named ON counted.link = named.link"


def wanted_links(query: TimeFilters, account: str) -> WantedLinks:
    """The links that a query's labels filter by; of one account, where the token is. Raises Problem."""
    conditions, parameters = conditions_of(query, account)
    with_unknown = all((value == "") != given.startswith("not_") for given, value in parameters)
    return WantedLinks(tuple(conditions), parameters, with_unknown)


def conditions_of(query: TimeFilters, account: str) -> tuple[list[str], Parameters]:
    """Conditions on columns that are called as the labels, and their parameters. Raises Problem."""
    if account and query.account not in (None, account):
        raise Problem("forbidden", f"this token sees the numbers of account {account!r} only", parameter="account")
    conditions: list[str] = []
    parameters: list[tuple[str, Any]] = []
    for name in LABELS:
        wanted = account if name == "account" and account else getattr(query, name)
        for given, value, sign in ((name, wanted, "="), (f"not_{name}", getattr(query, f"not_{name}"), "!=")):
            if value is not None:
                conditions.append(f"{name} {sign} {{{given}:String}}")
                parameters.append((given, value.strip().lower() if name == "channel" else value))
    return conditions, tuple(parameters)


def of_links(query: LinkFilters, column: str, since: datetime, until: datetime) -> tuple[list[str], Parameters]:
    """Conditions on `column`, a link's name, for one link or the links of a kind; and their parameters."""
    conditions: list[str] = []
    parameters: Parameters = ()
    if query.link is not None:
        conditions.append(f"{column} = {{link:String}}")
        parameters = (("link", query.link),)
    if query.having is not None:
        counted = [*counted_in(since, until), "class = 'human'", f"impression_kind = '{query.having}'"]
        conditions.append(
            f"{column} IN (SELECT link FROM counters{where(counted)}"  # noqa: S608 - a closed set
            " GROUP BY link HAVING sum(counters.impressions) != 0)"
        )
    return conditions, parameters


def counted_in(since: datetime, until: datetime) -> list[str]:
    """What holds of counters of clicks and impressions of this time."""
    return ["kind = 0", f"window_start >= {moment(since)}", f"window_start < {moment(until)}"]


def where(conditions: Sequence[str]) -> str:
    """All of them, or nothing where there is none."""
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""


def moment(time: datetime) -> str:
    """A literal: digits, and nothing that anybody wrote."""
    return f"toDateTime('{time.astimezone(UTC):%Y-%m-%d %H:%M:%S}', 'UTC')"
