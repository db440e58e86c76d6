"""Who is reached by a listener, and whose page a request is."""

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from deploy.local.clickhouse.callers import Doorkeeper, listens_for_strangers
from deploy.local.clickhouse.errors import StatementError
from deploy.local.settings import LocalSettings


def headers(**values: str) -> CIMultiDictProxy[str]:
    return CIMultiDictProxy(CIMultiDict({name.replace("_", "-"): value for name, value in values.items()}))


@pytest.mark.parametrize(
    ("host", "strangers"),
    [
        ("127.0.0.1", False), ("127.9.9.9", False), ("::1", False), ("[::1]", False), ("localhost", False),
        ("0.0.0.0", True), ("::", True), ("10.0.0.1", True), ("db.example", True), ("", True),
    ],
)  # fmt: skip
def test_only_a_loopback_address_is_out_of_strangers_reach(host: str, strangers: bool) -> None:
    assert listens_for_strangers(host) is strangers


@pytest.mark.parametrize(
    "host",
    ["localhost", "localhost:8123", "a.localhost:1", "127.0.0.1:8123", "[::1]:8123", "10.1.2.3", "DB.example"],
)
def test_addresses_and_names_of_our_own_are_let_in(host: str) -> None:
    door = Doorkeeper(LocalSettings(clickhouse_hosts=("db.example",)), "26")
    door.check_page(headers(Host=host))
    door.check_page(headers(Host=host, Origin=f"http://{host}", Sec_Fetch_Site="same-origin"))


@pytest.mark.parametrize(
    "host",
    ["", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "notlocalhost", "db.example.e"],
)
def test_a_name_that_a_stranger_may_point_here_is_not(host: str) -> None:
    door = Doorkeeper(LocalSettings(clickhouse_hosts=("db.example",)), "26")
    with pytest.raises(StatementError, match="CLICKTALLY_LOCAL_CLICKHOUSE_HOSTS"):
        door.check_page(headers(Host=host))


def test_a_star_lets_every_page_in_but_no_strange_name() -> None:
    door = Doorkeeper(LocalSettings(clickhouse_origins=("*",)), "26")
    door.check_page(headers(Host="localhost", Origin="https://any.example", Sec_Fetch_Site="cross-site"))
    assert (
        door.cross_origin(headers(Origin="https://any.example"))["Access-Control-Allow-Origin"]
        == "https://any.example"
    )
    with pytest.raises(StatementError):
        door.check_page(headers(Host="evil.example", Origin="http://evil.example"))
