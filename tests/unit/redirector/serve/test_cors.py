"""What a browser needs to hear to let a page of another origin send impressions with credentials."""

import pytest

from redirector.serve.cors import headers_for, preflight


def test_the_origin_comes_back_by_name_for_credentials_rule_out_a_star() -> None:
    assert dict(headers_for("https://www.example.com")) == {
        "Vary": "Origin",
        "Access-Control-Allow-Origin": "https://www.example.com",
        "Access-Control-Allow-Credentials": "true",
    }
    assert dict(headers_for("null"))["Access-Control-Allow-Origin"] == "null"


@pytest.mark.parametrize(
    "origin", ["", "https://x\r\nSet-Cookie: a=b", "https://ü.example", "https://" + "x" * 512]
)
def test_what_is_no_origin_does_not_come_back(origin: str) -> None:
    assert headers_for(origin) == (("Vary", "Origin"),)


def test_a_preflight_allows_the_headers_of_a_closed_list() -> None:
    answer = preflight("https://www.example.com", "POST")
    headers = dict(answer.headers)
    assert answer.status == 204
    assert headers["Access-Control-Allow-Methods"] == "POST"
    assert {name.strip().lower() for name in headers["Access-Control-Allow-Headers"].split(",")} == {
        "content-type",
        "content-encoding",
        "authorization",
        "idempotency-key",
    }
    assert headers["Access-Control-Allow-Credentials"] == "true"
