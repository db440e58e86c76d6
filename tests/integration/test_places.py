"""The database that `make setup` fetched tells countries."""

from pathlib import Path

import pytest

from deploy.local.places.database import places_file
from deploy.local.settings import LocalSettings
from redirector.serve.places import NOWHERE, Place, Places
from tests.integration.serve_process import get, running


@pytest.fixture(scope="module")
def fetched() -> Path:
    file = places_file(LocalSettings.load())
    assert file.is_file(), "`make setup` fetches it, and says why where it cannot"
    return file


@pytest.mark.parametrize(
    ("address", "country"),
    [
        ("193.0.6.139", "NL"),  # RIPE NCC
        ("2001:67c:2e8:22::c100:68b", "NL"),  # the same
        ("129.132.1.1", "CH"),  # ETH Zürich
        ("133.11.0.1", "JP"),  # University of Tokyo
        ("200.160.2.3", "BR"),  # NIC.br
    ],
)
def test_a_public_address_is_in_its_country(fetched: Path, address: str, country: str) -> None:
    assert Places(fetched).place_of(address) == Place(country)


@pytest.mark.parametrize("address", ["192.168.1.1", "203.0.113.9", "::1", "2001:db8::1"])
def test_an_address_of_no_place_is_nowhere(fetched: Path, address: str) -> None:
    assert Places(fetched).place_of(address) == NOWHERE


def test_the_licence_is_beside_it(fetched: Path) -> None:
    assert "Creative Commons Attribution 4.0" in (fetched.parent / "DBIP-LICENSE").read_text()


def test_a_click_carries_the_country_of_its_address(fetched: Path, tmp_path: Path) -> None:
    with running(tmp_path, trusted_proxies="127.0.0.1", places_file=fetched) as serve:
        with serve.connect() as client:
            client.send(get("/launch", "X-Forwarded-For: 129.132.1.1"))
            assert client.answer().status == 302
        (event,) = serve.events()
        assert event["country"] == "CH"
        assert "region" not in event
