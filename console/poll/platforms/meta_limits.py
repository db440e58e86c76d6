"""What Meta's answers mean, for Facebook, Instagram and Threads: usage in headers, refusals by code.

https://developers.facebook.com/docs/graph-api/overview/rate-limiting
"""

from typing import Final

import msgspec

from console.poll.verdicts import TOO_MANY, Answer, Shape, Verdict, body_as, by_status, shown

RENEW: Final = (
    "make another at https://developers.facebook.com/tools/explorer, a long-lived one, and put it where this one is"
)

_NEARLY_FULL: Final = 95.0
"""Per cent of a limit from which on we wait until it falls: at 100 Meta refuses, and that prolongs the waiting."""
_NEARLY_FULL_WAIT_S: Final = 300.0
_THROTTLED_S: Final = 3600.0
_THROTTLE: Final = frozenset({4, 17, 32, 613, *range(80_000, 80_015)})
_TOKEN: Final = frozenset({102, 190})
_OWN_FAILURE: Final = frozenset({1, 2})
_BAD_PARAMETER: Final = 100
_PERMISSION: Final = frozenset({10, *range(200, 300)})
_NO_SUCH_OBJECT: Final = 33
_BEFORE_BUSINESS: Final = 2_108_006


class _Error(msgspec.Struct):
    message: str = ""
    code: int = 0
    error_subcode: int = 0


class _Body(msgspec.Struct):
    error: _Error | None = None


class _Usage(msgspec.Struct):
    call_count: float = 0
    total_cputime: float = 0
    total_time: float = 0
    estimated_time_to_regain_access: float = 0

    @property
    def used(self) -> float:
        """Per cent of the limit that is nearest."""
        return max(self.call_count, self.total_cputime, self.total_time)


def is_withheld(message: str) -> bool:
    """Whether a refusal is that too few people have seen a post yet: code 10, like a missing permission."""
    return "not enough viewers" in message.lower()


def judge(answer: Answer, now_s: float) -> Verdict:
    """Meta's own codes come before the status: a throttled call may be a 400 or a 403."""
    used, regain_s = _usage(answer)
    error = (body_as(answer, _Body) or _Body()).error
    why = f"{shown(error.message)} (code {error.code})" if error else "too many requests"
    if answer.status == TOO_MANY or (error is not None and error.code in _THROTTLE):
        return Verdict(outcome="limited", why=why, until_s=now_s + (regain_s or _THROTTLED_S))
    if error is not None:
        return _refusal(answer, error, why)
    verdict = by_status(answer, "")
    if verdict.outcome == "ok" and used >= _NEARLY_FULL:
        return Verdict(outcome="ok", until_s=now_s + (regain_s or _NEARLY_FULL_WAIT_S))
    return verdict


def _refusal(answer: Answer, error: _Error, why: str) -> Verdict:
    if error.code in _TOKEN:
        return Verdict(outcome="token", why=why)
    if error.error_subcode in (_NO_SUCH_OBJECT, _BEFORE_BUSINESS):
        return Verdict(outcome="gone", why=why)
    if error.code == _BAD_PARAMETER:
        return Verdict(outcome="metric", why=why, metric=error.message)
    if error.code in _OWN_FAILURE:
        return Verdict(outcome="again", why=why)
    if error.code in _PERMISSION and not is_withheld(error.message):
        why = f"{why}: it lacks a permission, docs/pollers.md has them"
    verdict = by_status(answer, why)
    return Verdict(outcome="refused", why=why) if verdict.outcome == "ok" else verdict


def _usage(answer: Answer) -> tuple[float, float]:
    """Per cent used, and seconds until access is regained (0: not said), the worst of all that the headers name."""
    usages: list[_Usage] = []
    by_business = _header(answer, "x-business-use-case-usage", dict[str, list[_Usage]])
    for some in (by_business or {}).values():
        usages += some
    for name in ("x-app-usage", "x-page-usage"):
        if (one := _header(answer, name, _Usage)) is not None:
            usages.append(one)
    return (
        max((one.used for one in usages), default=0.0),
        60 * max((one.estimated_time_to_regain_access for one in usages), default=0.0),
    )


def _header(answer: Answer, name: str, shape: type[Shape]) -> Shape | None:
    return body_as(Answer(answer.status, {}, answer.headers.get(name, "").encode()), shape)
