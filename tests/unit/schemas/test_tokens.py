"""A token's secret is random, shown once and never stored; what proves it is compared in constant time."""

import hmac
from unittest.mock import patch

import msgspec
import pytest

from schemas.tokens import Token, is_proven, new_token, read_bearer


def made(**changes: object) -> tuple[Token, str]:
    token, bearer = new_token(name="api", roles=("impressions:write",), now_ms=1000)
    return msgspec.structs.replace(token, **changes), bearer


def secret_of(bearer: str) -> str:
    read = read_bearer(bearer)
    assert read is not None
    return read.secret


def test_a_bearer_text_names_its_token_and_proves_it() -> None:
    token, bearer = made()
    read = read_bearer(bearer)
    assert read is not None
    assert read.id == token.id
    assert is_proven(token, read.secret)


def test_a_secret_has_256_random_bits_and_no_two_are_alike() -> None:
    bearers = {made()[1] for _ in range(1000)}
    assert len(bearers) == 1000
    assert {len(secret_of(bearer)) for bearer in bearers} == {43}  # 256 bits, 6 a character


def test_what_is_stored_holds_no_part_of_the_secret() -> None:
    token, bearer = made()
    stored = msgspec.json.encode(token).decode()
    secret = secret_of(bearer)
    assert not any(secret[at : at + 8] in stored for at in range(len(secret) - 7))


def test_another_secret_or_no_token_proves_nothing() -> None:
    token, bearer = made()
    _, other = made()
    assert not is_proven(token, secret_of(other))
    assert not is_proven(None, secret_of(bearer))


def test_secrets_are_compared_in_constant_time_even_where_there_is_no_token() -> None:
    token, bearer = made()
    for known in (token, None):
        with patch("schemas.tokens.hmac.compare_digest", wraps=hmac.compare_digest) as compare:
            is_proven(known, secret_of(bearer))
        compare.assert_called_once()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ct_",
        "ct_0123456789abcdef_",
        "ct_0123456789abcdef_" + "x" * 42,
        "ct_0123456789abcdef_" + "x" * 44,
        "ct_0123456789abcdef_" + "x" * 43 + "\n",
        "ct_0123456789ABCDEF_" + "x" * 43,
        "ct_0123456789abcde_" + "x" * 43,
        "CT_0123456789abcdef_" + "x" * 43,
        "ct_0123456789abcdef_" + "ü" * 43,
        "x" * 100_000,
    ],
)
def test_what_has_another_form_is_no_bearer_text(text: str) -> None:
    assert read_bearer(text) is None


def test_a_token_holds_until_the_millisecond_it_expires() -> None:
    token, _ = made(expires_at_ms=2000)
    assert [token.holds_at(now_ms) for now_ms in (0, 1999, 2000, 2001)] == [True, True, False, False]
    assert made()[0].holds_at(2**53)


def test_a_revoked_token_holds_no_longer_whatever_its_expiry() -> None:
    token, _ = made(expires_at_ms=2000, revoked_at_ms=1500)
    assert not token.holds_at(1400)


@pytest.mark.parametrize(
    "wrong",
    [{"roles": []}, {"roles": ["root"]}, {"sha256": "x"}, {"id": "0123"}, {"name": ""}, {"account": "x" * 257}],
)
def test_a_record_that_is_no_token_is_refused(wrong: dict[str, object]) -> None:
    record = {**msgspec.to_builtins(made()[0]), **wrong}
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(record, Token)
