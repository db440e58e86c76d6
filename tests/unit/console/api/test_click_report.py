from datetime import UTC, datetime

import pytest

from console.api.click_report import ClicksQuery, clicks_by
from console.api.problems import Problem

NOW = datetime(2026, 11, 27, 12, 30, 30, tzinfo=UTC)


def test_days_are_whole_ones_of_utc_around_what_was_asked_for() -> None:
    statement = clicks_by(ClicksQuery(by="country"), "", NOW)
    assert (statement.since, statement.until) == (
        datetime(2026, 10, 28, tzinfo=UTC),
        datetime(2026, 11, 28, tzinfo=UTC),
    )
    midnight = datetime(2026, 11, 27, tzinfo=UTC)
    assert clicks_by(ClicksQuery(by="country", until=midnight), "", NOW).until == midnight


@pytest.mark.parametrize("by", ["", "shoe", "country,country", "country,"])
def test_it_is_by_values_that_there_are(by: str) -> None:
    with pytest.raises(Problem) as raised:
        clicks_by(ClicksQuery(by=by), "", NOW)
    assert raised.value.details.parameter == "by"


def test_what_somebody_wrote_is_a_parameter_and_never_text() -> None:
    wild = "'; DROP TABLE links"
    statement = clicks_by(ClicksQuery(by="device", country=wild, not_utm_term=wild, campaign=wild), "", NOW)
    assert wild not in statement.text
    assert dict(statement.parameters) == {"country": wild, "not_utm_term": wild, "campaign": wild}


def test_a_token_of_an_account_sees_that_account_alone() -> None:
    statement = clicks_by(ClicksQuery(by="device"), "acme", NOW)
    assert ("account", "acme") in statement.parameters
    with pytest.raises(Problem):
        clicks_by(ClicksQuery(by="device", account="other"), "acme", NOW)
