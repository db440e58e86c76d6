"""Who is let in, how often, and what they are told."""

import pytest

from console.api.callers import Caller, Callers, check_role, source_of
from console.api.limits import Buckets
from console.api.problems import Problem, pointer_in
from tests.tokens import bearer_of, token

NOW_MS = 1_790_000_000_000
TOKENS = {
    one.id: one
    for one in (
        token(1, "links:read", account="acme"),
        token(4, expires_at_ms=NOW_MS),
        token(5, revoked_at_ms=1),
        token(6, "admin"),
    )
}


def callers(*, loaded: bool = True, tries: int = 100) -> Callers:
    return Callers(TOKENS, Buckets(per_second=tries / 60, burst=tries, kept=10), loaded=lambda: loaded)


def refused(authorization: list[str], one: Callers | None = None, now_ms: int = NOW_MS) -> Problem:
    with pytest.raises(Problem) as raised:
        (one or callers()).identify(authorization, "192.0.2.1", now_ms)
    return raised.value


def test_a_right_token_says_roles_and_account() -> None:
    caller = callers().identify([f"Bearer {bearer_of(1)}"], "192.0.2.1", NOW_MS)
    assert caller == Caller(token(1).id, "acme", ("links:read",))
    check_role(caller, "links:read")
    with pytest.raises(Problem, match="lacks the role links:write"):
        check_role(caller, "links:write")
    check_role(callers().identify([f"bearer {bearer_of(6)}"], "192.0.2.1", NOW_MS), "links:write")


@pytest.mark.parametrize(
    ("authorization", "says"),
    [
        ([], "send `Authorization"),
        (["Basic x"], "send one header"),
        (["Bearer x"], "send one header"),
        ([f"Bearer {bearer_of(1)}"] * 2, "send one header"),
        ([f"Bearer {bearer_of(9)}"], "not known here"),
        ([f"Bearer ct_{token(1).id}_{'x' * 43}"], "not known here"),
        ([f"Bearer {bearer_of(4)}"], "expired"),
        ([f"Bearer {bearer_of(5)}"], "revoked"),
    ],
)
def test_who_is_not_known_is_told_what_to_send(authorization: list[str], says: str) -> None:
    problem = refused(authorization)
    assert (problem.status, says in problem.details.detail) == (401, True)
    assert dict(problem.headers)["WWW-Authenticate"].startswith("Bearer")


def test_a_token_holds_in_the_api_to_its_last_millisecond() -> None:
    assert callers().identify([f"Bearer {bearer_of(4)}"], "192.0.2.1", NOW_MS - 1).token_id == token(4).id


def test_before_the_tokens_were_read_nobody_is_called_unknown() -> None:
    assert refused([f"Bearer {bearer_of(9)}"], callers(loaded=False)).status == 503


def test_too_many_wrong_tokens_at_the_api_wait_and_right_ones_do_not() -> None:
    one = callers(tries=2)
    assert [refused(["Bearer x"], one).status for _ in range(3)] == [401, 401, 429]
    assert one.identify([f"Bearer {bearer_of(1)}"], "192.0.2.1", NOW_MS).account == "acme"
    assert refused(["Bearer x"], one, NOW_MS + 30_000).status == 401


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("2001:db8::1", "2001:db8::2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::2", True),
        ("x", "", True),
    ],
)
def test_a_line_is_an_address_or_a_64(one: str, other: str, same: bool) -> None:
    assert (source_of(one) == source_of(other)) is same


def test_a_bucket_gives_its_burst_at_once_then_what_time_brings() -> None:
    buckets = Buckets(per_second=2.0, burst=3, kept=10)
    assert [buckets.take("a", 0.0) for _ in range(4)] == [(2, 0), (1, 0), (0, 0), (0, 1)]
    assert not buckets.take("a", 0.499).granted
    assert buckets.take("a", 0.5).granted
    assert buckets.take("b", 0.5).remaining == 2
    assert buckets.take("a", 1000.0).remaining == 2
    assert buckets.take("a", 0.0).granted, "a clock that goes back takes nothing away"


def test_no_more_buckets_are_kept_than_were_set() -> None:
    buckets = Buckets(per_second=1.0, burst=1, kept=2)
    for name in "abcabc":
        buckets.take(name, 0.0)
    assert len(buckets) == 2


@pytest.mark.parametrize(
    ("message", "pointer"),
    [
        ("Expected `str`, got `int` - at `$.tags[3]`", "/tags/3"),
        ("Expected `int` - at `$.a.b`", "/a/b"),
        ("Expected `str` - at `$.tags[...]`", "/tags"),
        ("Object missing required field `destination`", ""),
        ("Expected `object`, got `array`", ""),
    ],
)
def test_the_place_in_a_message_is_a_json_pointer(message: str, pointer: str) -> None:
    assert pointer_in(message) == pointer
