from pathlib import Path

import pytest

from redirector.serve.settings import ServeSettings
from schemas.settings import SettingsError


def load(**given: str) -> ServeSettings:
    return ServeSettings.load({f"CLICKTALLY_SERVE_{name.upper()}": value for name, value in given.items()})


def test_proxies_are_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLICKTALLY_SERVE_TRUSTED_PROXIES", "10.0.0.0/8, fd00::/8")
    loaded = load(trusted_proxies="10.0.0.0/8, fd00::/8")
    assert [str(network) for network in loaded.trusted_networks] == ["10.0.0.0/8", "fd00::/8"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("trusted_proxies", "10.0.0.1/8"), ("port", "70000"), ("fsync", "sometimes"), ("idle_timeout_s", "0")],
)
def test_a_setting_that_cannot_be_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"CLICKTALLY_SERVE_{name.upper()}"):
        load(**{name: value})


def test_a_secret_is_not_shown() -> None:
    assert "hush" not in load(mailgun_signing_key="hush").describe()


def test_lists_of_networks_are_given_by_class() -> None:
    assert load(network_lists="office=/a.txt,datacenter=/b=c.txt, office=/d.txt").network_files == {
        "office": [Path("/a.txt"), Path("/d.txt")],
        "datacenter": [Path("/b=c.txt")],
    }


@pytest.mark.parametrize("value", ["/a.txt", "home=/a.txt", "office=", "=/a.txt"])
def test_a_list_of_networks_without_class_or_file_is_told(value: str) -> None:
    with pytest.raises(SettingsError, match="write one of office, mail_scanner, datacenter"):
        load(network_lists=value)
