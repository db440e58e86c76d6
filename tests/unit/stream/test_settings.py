import pytest

from schemas.settings import SettingsError
from stream.settings import StreamSettings


def test_the_defaults_are_usable() -> None:
    settings = StreamSettings.load({})
    assert (settings.group, settings.epoch, settings.flush_interval_s) == ("clicktally-stream", 1, 1.0)
    assert settings.buffer_events >= settings.flush_events
    assert settings.heartbeat_interval_s < settings.session_timeout_s


def test_the_password_in_the_url_is_masked() -> None:
    url = "http://user:hunter2@db:8123/clicktally"
    settings = StreamSettings.load({"CLICKTALLY_STREAM_CLICKHOUSE_URL": url})
    assert "hunter2" not in settings.describe()
    assert settings.clickhouse_url.get_secret_value() == url


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EPOCH", "0"),
        ("EPOCH", "two"),
        ("FLUSH_INTERVAL_S", "0"),
        ("FLUSH_EVENTS", "0"),
        ("PARALLEL_FLUSHES", "0"),
        ("MAX_AGE_DAYS", "101"),
        ("METRICS_PORT", "70000"),
        ("FLUSH_INTERVALL_S", "1"),
    ],
)
def test_a_value_that_cannot_work_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"CLICKTALLY_STREAM_{name}"):
        StreamSettings.load({f"CLICKTALLY_STREAM_{name}": value})


def test_an_accepted_event_is_never_older_than_the_memory_of_its_spool() -> None:
    with pytest.raises(SettingsError, match="MAX_AGE_DAYS"):
        StreamSettings.load({"CLICKTALLY_STREAM_MAX_AGE_DAYS": "110"})


@pytest.mark.parametrize(
    ("given", "epochs"),
    [
        ({}, (1, 1)),
        ({"EPOCH": "3"}, (3, 3)),
        ({"CLICKS_EPOCH": "2"}, (2, 1)),
        ({"EPOCH": "3", "IMPRESSIONS_EPOCH": "4"}, (3, 4)),
        ({"EPOCH": "3", "CLICKS_EPOCH": "1"}, (1, 3)),
    ],
)
def test_each_event_topic_has_an_epoch_and_one_setting_stands_for_both(
    given: dict[str, str], epochs: tuple[int, int]
) -> None:
    settings = StreamSettings.load({f"CLICKTALLY_STREAM_{name}": value for name, value in given.items()})
    assert (settings.epochs["clicks"], settings.epochs["impressions"]) == epochs
