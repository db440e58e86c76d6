"""What Google's refusals mean, and access tokens out of refresh tokens. Shared by Google Ads and YouTube."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import msgspec

from console.poll.accounts import GoogleAdsAccount
from console.poll.client import Client
from console.poll.verdicts import TOO_MANY, Answer, Verdict, body_as, by_status, expected, shown

RENEW: Final = (
    "make another refresh token by https://developers.google.com/oauthplayground with the scope adwords, and put it"
    " where this one is"
)

_PACIFIC: Final = ZoneInfo("America/Los_Angeles")
_DEFAULT_WAIT_S: Final = 900.0
_SHORT_WAIT_S: Final = 60.0
_LONGEST_DELAY_S: Final = 7 * 86_400.0
_EARLY_S: Final = 120.0
"""So long before its end an access token is replaced."""
_DAILY: Final = frozenset({"quotaExceeded", "dailyLimitExceeded"})
_RATE: Final = frozenset({"rateLimitExceeded", "userRateLimitExceeded"})


class _Reason(msgspec.Struct):
    reason: str = ""


class _Error(msgspec.Struct):
    message: str = ""
    status: str = ""
    code: int = 0
    errors: list[_Reason] = []
    details: list[dict[str, Any]] = []


class _Body(msgspec.Struct):
    error: _Error | None = None


class _TokenError(msgspec.Struct):
    error: str = ""
    error_description: str = ""


class _Token(msgspec.Struct):
    access_token: str
    expires_in: float = 3600.0


def judge(answer: Answer, now_s: float) -> Verdict:
    """RESOURCE_EXHAUSTED tells by `retryDelay` for how long; a daily quota of YouTube ends at midnight Pacific."""
    error = _error(answer)
    if error is None:
        return by_status(answer, "")
    why = shown(": ".join(filter(None, (error.status, error.message, *_messages(error.details)))))
    reasons = {one.reason for one in error.errors}
    if reasons & _DAILY:
        return Verdict(outcome="limited", why=why, until_s=_next_midnight_s(now_s))
    if error.status == "RESOURCE_EXHAUSTED" or answer.status == TOO_MANY or reasons & _RATE:
        wait_s = max(_delays(error.details), default=_SHORT_WAIT_S if reasons & _RATE else _DEFAULT_WAIT_S)
        return Verdict(outcome="limited", why=why, until_s=now_s + wait_s)
    if error.status == "UNAUTHENTICATED":
        return Verdict(outcome="token", why=why)
    return by_status(answer, why)


def judge_token(answer: Answer, now_s: float) -> Verdict:
    """Of the token's own address: `invalid_grant` is a refresh token that has expired or was taken back."""
    error = body_as(answer, _TokenError) or _TokenError()
    why = shown(": ".join(filter(None, (error.error, error.error_description))))
    if error.error in ("invalid_grant", "invalid_client", "unauthorized_client"):
        return Verdict(outcome="token", why=why)
    if answer.status == TOO_MANY:
        return Verdict(outcome="limited", why=why, until_s=now_s + _SHORT_WAIT_S)
    return by_status(answer, why)


def _error(answer: Answer) -> _Error | None:
    """searchStream may wrap it in an array."""
    one = body_as(answer, _Body)
    if one is None:
        several = body_as(answer, list[_Body])
        one = next((each for each in several or () if each.error is not None), None)
    return None if one is None else one.error


def _failures(details: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for detail in details:
        errors = detail.get("errors")
        yield from (one for one in errors if isinstance(one, dict)) if isinstance(errors, list) else ()


def _messages(details: list[dict[str, Any]]) -> Iterator[str]:
    yield from (one["message"] for one in _failures(details) if isinstance(one.get("message"), str))


def _delays(details: list[dict[str, Any]]) -> Iterator[float]:
    """`retryDelay`, such as "30s" or "30.5s", of Google Ads' failures and of google.rpc.RetryInfo."""
    for detail in details:
        yield from _seconds(detail.get("retryDelay"))
    for failure in _failures(details):
        inner = failure.get("details")
        quota = inner.get("quotaErrorDetails") if isinstance(inner, dict) else None
        if isinstance(quota, dict):
            yield from _seconds(quota.get("retryDelay"))


def _seconds(text: object) -> Iterator[float]:
    if isinstance(text, str) and text.endswith("s"):
        try:
            seconds = float(text[:-1])
        except ValueError:
            return
        if seconds >= 0:
            yield min(seconds, _LONGEST_DELAY_S)


def _next_midnight_s(now_s: float) -> float:
    today = datetime.fromtimestamp(now_s, _PACIFIC)
    midnight = datetime(today.year, today.month, today.day, tzinfo=_PACIFIC) + timedelta(days=1)
    return midnight.timestamp()


class AccessToken:
    """An account's access token, made anew before it ends."""

    def __init__(self, client: Client, account: GoogleAdsAccount) -> None:
        self._client: Final = client
        self._account: Final = account
        self._ends_s = 0.0
        self._token = ""

    async def bearer(self) -> str:
        """The header's value. Raises PollError."""
        now_s = self._client.waits.now()
        if now_s >= self._ends_s - _EARLY_S:
            form = {
                "grant_type": "refresh_token",
                "client_id": self._account.client_id,
                "client_secret": self._account.client_secret.get_secret_value(),
                "refresh_token": self._account.refresh_token.get_secret_value(),
            }
            body = await self._client.post("", urlencode(form).encode(), "application/x-www-form-urlencoded")
            token = expected(body, _Token, "Google's tokens")
            self._token, self._ends_s = token.access_token, now_s + token.expires_in
        return f"Bearer {self._token}"
