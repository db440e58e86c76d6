"""The statement of the report of what was asked for in vain, without any I/O."""

from datetime import datetime, timedelta

from console.api.report_filters import conditions_of, moment, where
from console.api.report_wire import UnknownSlugsQuery
from console.api.reports import Statement, times_of


def unknown_slugs(query: UnknownSlugsQuery, account: str, now: datetime) -> Statement:
    """What was asked for in vain, the most asked for first. Raises Problem.

    What is unknown belongs to no account: a token of one sees its own expired and deleted links.
    """
    since, until = times_of(query, now)
    conditions, parameters = conditions_of(query, account)
    last = until - timedelta(minutes=1)
    conditions = [f"day >= toDate({moment(since)})", f"day <= toDate({moment(last)})", *conditions]
    domain = None if query.domain is None else query.domain.strip().lower()
    for name, value in (("domain", domain), ("slug", query.slug), ("reason", query.reason)):
        if value is not None:
            conditions.append(f"{name} = {{{name}:String}}")
            parameters = (*parameters, (name, value))
    text = (
        f"SELECT * FROM unknown_slugs{where(conditions)}"  # noqa: S608 - closed sets
        f" ORDER BY requests DESC, day, domain, slug, reason, referrer_host LIMIT {query.limit}"
    )
    return Statement(text, parameters, since, until)
