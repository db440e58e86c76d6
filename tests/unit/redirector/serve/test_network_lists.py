"""A list of networks from whatever others publish."""

import io
import sys

import pytest

from redirector.serve.network_lists import main, networks_of
from redirector.serve.networks import read_networks


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            """{"prefixes":[{"ip_prefix":"192.0.2.0/25","service":"EC2"},{"ip_prefix":"192.0.2.128/25"}],
            "ipv6_prefixes":[{"ipv6_prefix":"2001:db8::/32"}],"createDate":"2026/10"}""",
            ["192.0.2.0/24", "2001:db8::/32"],
        ),
        (
            '[{"id":1,"ips":["198.51.100.7/24","2001:db8::/33"],"urls":["a.example/24"]}]',
            ["198.51.100.0/24", "2001:db8::/33"],
        ),
        ("# ours\n192.0.2.0/24 # Berlin\n192.0.2.7/32\nand 300.0.0.0/8\n", ["192.0.2.0/24"]),
        ("198.51.100.7\n198.51.100.6\n2001:db8::7\n", ["198.51.100.6/31", "2001:db8::7/128"]),
        (
            '{"ipv4": ["192.0.2.1"], "ipv6": ["::ffff:192.0.2.1", "2001:db8::"], "version": "1.2.3"}',
            ["192.0.2.1/32", "::ffff:c000:201/128", "2001:db8::/128"],
        ),
        ("From 192.0.2.0, and 192.0.2.1. Not v192.0.2.9, 192.0.2.9.1, 192.0.2.9-b.example", ["192.0.2.0/31"]),
        ("v=spf1 ip4:192.0.2.0/24 at 10:20:30, std::begin, dead::beef.example", ["192.0.2.0/24"]),
        ("{}", []),
        ('"1/1"', []),
    ],
)
def test_every_network_in_it_is_one_of_the_list(content: str, expected: list[str]) -> None:
    assert [str(network) for network in networks_of(content)] == expected


def test_what_is_written_can_be_read(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO('["192.0.2.0/25","192.0.2.128/25"]'))
    main()
    assert [str(one) for one in read_networks(capsys.readouterr().out.splitlines())] == ["192.0.2.0/24"]


def test_an_input_without_networks_makes_no_empty_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("<html>moved</html>"))
    with pytest.raises(SystemExit, match="no network"):
        main()
