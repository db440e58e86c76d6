"""What all of them are: requests are noted, a token is asked for, and faults can be put before the next answers."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from multidict import CIMultiDict

TOKEN = "token-that-nobody-may-see"


@dataclass(frozen=True)
class Fault:
    """An answer instead of the real one."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ReceivedRequest:
    """A request that came."""

    method: str
    path: str
    raw_query: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


class PlatformServer:
    """`faults` are given first, one a request; `always` adds headers to each answer."""

    def __init__(self) -> None:
        self.requests: list[ReceivedRequest] = []
        self.faults: list[Fault] = []
        self.headers: dict[str, str] = {}
        self.token = TOKEN

    def app(self) -> web.Application:
        """To be served."""
        app = web.Application(middlewares=[self._before])
        self.routes(app.router)
        return app

    def routes(self, router: web.UrlDispatcher) -> None:
        """What it answers."""
        raise NotImplementedError

    def unauthorized(self) -> Fault:
        """What a wrong token is answered."""
        return Fault(401, {"title": "Unauthorized", "type": "about:blank", "status": 401, "detail": "Unauthorized"})

    def is_authorized(self, request: web.Request) -> bool:
        """Whether the request shows the token."""
        return request.headers.get("Authorization") == f"Bearer {self.token}"

    def paths(self) -> list[str]:
        """Of the requests that came."""
        return [one.path for one in self.requests]

    @web.middleware
    async def _before(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        self.requests.append(
            ReceivedRequest(
                request.method,
                request.path,
                request.rel_url.raw_query_string,
                dict(request.query),
                dict(CIMultiDict(request.headers)),
                await request.read(),
            )
        )
        if self.faults:
            return answer(self.faults.pop(0))
        if not self.is_authorized(request):
            return answer(self.unauthorized())
        response = await handler(request)
        response.headers.update(self.headers)
        return response


def answer(fault: Fault) -> web.Response:
    """As HTTP; a text is sent as it is."""
    text = fault.body if isinstance(fault.body, str) else json.dumps(fault.body)
    return web.Response(status=fault.status, text=text, headers=fault.headers)
