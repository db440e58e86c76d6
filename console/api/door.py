"""What every request passes: who asks, how often, with which role; and what every answer has."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from aiohttp import web

from console.api.callers import Caller, Callers, check_role
from console.api.limits import Buckets, Grant
from console.api.metrics import ApiMetrics
from console.api.operations import BODY_WITHIN_S, CALLER, Operation, compress
from console.api.page_requests import RENEWED, PageRules
from console.api.problems import Problem, problem_of

log = logging.getLogger(__name__)

_GONE: Final = "gone"
_HEADERS: Final = {
    "Server": "clicktally",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class OperationGuard:
    """Lets requests in to operations by who asks, how often and with which role; counts and times the answers."""

    def __init__(
        self,
        callers: Callers,
        buckets: Buckets,
        metrics: ApiMetrics,
        page: PageRules | None = None,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        *,
        fault: Callable[[Exception], None] = lambda _: None,
    ) -> None:
        """`fault` is told of every error that no answer is made for."""
        self._callers: Final = callers
        self._buckets: Final = buckets
        self._metrics: Final = metrics
        self._page: Final = page or PageRules()
        self._fault: Final = fault
        self._now_ms: Final = now_ms

    def guarded(self, operation: Operation) -> Handler:
        """The operation as aiohttp calls it."""

        async def answer(request: web.Request) -> web.StreamResponse:
            began = time.monotonic()
            status = _GONE
            try:
                response = await self._answered(operation, request)
                status = str(response.status)
                return response
            finally:
                self._metrics.requests.labels(operation.name, status).inc()
                self._metrics.answer_seconds.labels(operation.name).observe(time.monotonic() - began)

        return answer

    async def _answered(self, operation: Operation, request: web.Request) -> web.StreamResponse:
        limits: dict[str, str] = {}
        try:
            if operation.role is not None:
                now_ms = self._now_ms()
                caller = self._caller(request, now_ms)
                grant = self._buckets.take(caller.token_id, now_ms / 1000)
                limits = self._limits(grant)
                self._check(grant)
                check_access(caller, operation)
                request[CALLER] = caller
            response = await operation.act(request)
        except Problem as problem:
            response = problem.response()
        except web.HTTPException as error:
            response = problem_of(error).response()
        except (ConnectionError, asyncio.CancelledError):
            raise
        except Exception as error:  # the last to see it: said once, answered as a problem
            self._fault(error)
            log.exception("%s could not be answered", operation.name)
            response = Problem("failed", "this is a fault of ours; the log says more").response()
        if not response.prepared:
            response.headers.update(limits)
            compress(request, response)
        return response

    def _caller(self, request: web.Request, now_ms: int) -> Caller:
        """Who asks: by a token, or by the cookie of a session and then from our own page. Raises Problem."""
        address = request.remote or ""
        cookie = self._page.shown(request)
        authorization = request.headers.getall("Authorization", [])
        if authorization or not cookie:
            return self._callers.identify(authorization, address, now_ms)
        try:
            signed_in = self._callers.by_cookie(cookie, address, now_ms)
        except Problem as problem:
            if problem.name == "unauthorized":
                request[RENEWED] = self._page.set_cookie("")
            raise
        self._page.check(request)
        if signed_in.renewed:
            request[RENEWED] = self._page.set_cookie(signed_in.renewed)
        return signed_in.caller

    def _check(self, grant: Grant) -> None:
        if not grant.granted:
            raise Problem(
                "too-many-requests",
                f"this token asks more than {self._buckets.per_second:g} times a second: wait, or use bulk",
                headers=(("Retry-After", str(grant.wait_s)),),
            )

    def _limits(self, grant: Grant) -> dict[str, str]:
        window_s = max(1, round(self._buckets.burst / self._buckets.per_second))
        return {
            "RateLimit-Policy": f'"token";q={self._buckets.burst};w={window_s}',
            "RateLimit": f'"token";r={grant.remaining};t={grant.wait_s}',
        }


def check_access(caller: Caller, operation: Operation) -> None:
    """Raise Problem when the caller's roles, or the share that it opened, do not let it ask this."""
    if caller.share:
        if not (operation.compares if caller.sides else operation.shared):
            raise Problem("forbidden", "a share shows its own view: sign in to see more")
        return
    if operation.role is not None and operation.role != "any":
        check_role(caller, operation.role)


def application(
    guard: OperationGuard, operations: Iterable[Operation], *, max_body_bytes: int, body_within_s: float
) -> web.Application:
    """The API as aiohttp serves it."""
    app = web.Application(middlewares=[_problems_for_strays], client_max_size=max_body_bytes)
    app[BODY_WITHIN_S] = body_within_s
    app.on_response_prepare.append(_harden)
    for operation in operations:
        app.router.add_route(operation.method, operation.path, guard.guarded(operation))
    return app


@web.middleware
async def _problems_for_strays(request: web.Request, handler: Handler) -> web.StreamResponse:
    """What no operation is for is a problem, too."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        return problem_of(error).response()


async def _harden(request: web.Request, response: web.StreamResponse) -> None:
    """Headers of every answer, unless it has its own."""
    if RENEWED in request and "Set-Cookie" not in response.headers:
        response.headers["Set-Cookie"] = request[RENEWED]
    for name, value in _HEADERS.items():
        if name == "Server":
            response.headers[name] = value
        else:
            response.headers.setdefault(name, value)
