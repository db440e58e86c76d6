"""Who speaks follows from header, address and time; a refusal tells a stranger nothing."""

import msgspec
import pytest

from redirector.serve.access import ANONYMOUS, Access, Caller, Refusal, needs_token, why_not_role
from redirector.serve.failed_tries import FailedTries
from schemas.tokens import Token
from tests.tokens import bearer_of, token
from tests.unit.redirector.serve.fakes import FakeTokens

NOW_MS = 1_800_000_000_000
ADDRESS = "192.0.2.7"
PLAIN = token(1, account="acme")
EXPIRED = token(2, expires_at_ms=NOW_MS)
LAST_MOMENT = token(3, expires_at_ms=NOW_MS + 1)
REVOKED = token(4, revoked_at_ms=1)
WRONG_SECRET = f"{bearer_of(1)[:-1]}x"


def access(*tokens: Token, allowed: int = 100) -> Access:
    return Access(
        FakeTokens(*(tokens or (PLAIN, EXPIRED, LAST_MOMENT, REVOKED))), FailedTries(allowed=allowed, kept=9)
    )


def refused(authorization: str, *more: str) -> Refusal:
    refusal = access().identify([authorization, *more], ADDRESS, NOW_MS)
    assert isinstance(refusal, Refusal)
    return refusal


def test_without_a_header_the_caller_is_anybody() -> None:
    assert access().identify([], ADDRESS, NOW_MS) == ANONYMOUS
    assert ANONYMOUS.is_anonymous
    assert not ANONYMOUS.may("impressions:write")


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_token_tells_whose_it_is_and_what_it_may(scheme: str) -> None:
    caller = access().identify([f"{scheme}  {bearer_of(1)} "], ADDRESS, NOW_MS)
    assert caller == Caller(PLAIN.id, "acme", ("impressions:write",))
    assert isinstance(caller, Caller)
    assert not caller.is_anonymous


def test_a_token_holds_to_its_last_millisecond() -> None:
    assert isinstance(access().identify([f"Bearer {bearer_of(3)}"], ADDRESS, NOW_MS), Caller)
    assert refused(f"Bearer {bearer_of(2)}").reason == "expired"


def test_a_revoked_token_is_refused() -> None:
    assert refused(f"Bearer {bearer_of(4)}").reason == "revoked"


@pytest.mark.parametrize(
    "value",
    [
        "",
        "Bearer",
        "Bearer ",
        f"Basic {bearer_of(1)}",
        bearer_of(1),
        "Bearer ct_x_y",
        f"Bearer {bearer_of(1)} x",
        "\udcff",
    ],
)
def test_what_is_no_bearer_token_is_refused_with_what_to_send(value: str) -> None:
    refusal = refused(value)
    assert (refusal.reason, refusal.status) == ("malformed", 401)
    assert "Authorization: Bearer ct_" in refusal.error


def test_two_headers_are_refused_even_if_both_are_right() -> None:
    assert refused(f"Bearer {bearer_of(1)}", f"Bearer {bearer_of(1)}").reason == "malformed"


def test_a_wrong_secret_is_answered_as_an_unknown_id_word_for_word() -> None:
    wrong, unknown = refused(f"Bearer {WRONG_SECRET}"), refused(f"Bearer {bearer_of(99)}")
    assert wrong == unknown
    assert (wrong.reason, wrong.status) == ("unknown", 401)
    assert ("WWW-Authenticate", 'Bearer realm="clicktally", error="invalid_token"') in wrong.headers


def test_a_wrong_secret_is_not_told_that_its_token_was_revoked_or_expired() -> None:
    for number in (2, 4):
        assert refused(f"Bearer {bearer_of(number)[:-1]}x").reason == "unknown"


def test_no_answer_repeats_what_was_sent() -> None:
    for shown in (WRONG_SECRET, bearer_of(99), bearer_of(2), bearer_of(4), "ct_something"):
        refusal = refused(f"Bearer {shown}")
        assert not any(part in str(refusal) for part in shown.split("_")[1:])


def test_before_the_tokens_were_read_nobody_is_told_that_a_token_is_unknown() -> None:
    tokens = FakeTokens()
    tokens.loaded = False
    refusal = Access(tokens, FailedTries(allowed=1, kept=9)).identify([f"Bearer {bearer_of(1)}"], ADDRESS, NOW_MS)
    assert isinstance(refusal, Refusal)
    assert (refusal.reason, refusal.status, refusal.headers) == ("not_loaded", 503, (("Retry-After", "1"),))


def test_a_token_of_a_newer_release_is_unknown_and_no_failure() -> None:
    class Newer(FakeTokens):
        def get(self, key: str) -> Token | None:
            raise msgspec.ValidationError(key)

    refusal = Access(Newer(), FailedTries(allowed=1, kept=9)).identify([f"Bearer {bearer_of(1)}"], ADDRESS, NOW_MS)
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "unknown"


def test_after_so_many_wrong_tokens_an_address_is_told_how_long_to_wait() -> None:
    door = access(allowed=2)
    refusals = [door.identify([f"Bearer {WRONG_SECRET}"], ADDRESS, NOW_MS + at) for at in (0, 1, 2)]
    assert [one.status for one in refusals if isinstance(one, Refusal)] == [401, 401, 429]
    assert refusals[2].headers == (("Retry-After", "60"),)  # type: ignore[union-attr] # the line above says so


def test_who_has_a_right_token_does_not_suffer_from_a_neighbour() -> None:
    door = access(allowed=1)
    for _ in range(5):
        door.identify([f"Bearer {WRONG_SECRET}"], ADDRESS, NOW_MS)
    assert isinstance(door.identify([f"Bearer {bearer_of(1)}"], ADDRESS, NOW_MS), Caller)


def test_a_role_is_needed_where_a_token_is_shown_and_admin_has_them_all() -> None:
    assert why_not_role(Caller("x", "", ("impressions:write",)), "impressions:write") is None
    assert why_not_role(Caller("x", "", ("admin",)), "links:write") is None
    refusal = why_not_role(Caller("x", "", ("links:read",)), "links:write")
    assert refusal is not None
    assert (refusal.status, "links:write" in refusal.error) == (403, True)


def test_a_token_speaks_for_its_account_and_one_without_for_all() -> None:
    assert Caller("x", "", ()).speaks_for("acme")
    assert Caller("x", "acme", ()).speaks_for("acme")
    assert not Caller("x", "acme", ()).speaks_for("")
    assert not Caller("x", "acme", ()).speaks_for("other")


def test_what_needs_a_token_says_so_with_a_challenge() -> None:
    refusal = needs_token("this")
    assert (refusal.status, refusal.headers) == (401, (("WWW-Authenticate", 'Bearer realm="clicktally"'),))
