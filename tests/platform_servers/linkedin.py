"""LinkedIn: a page's statistics, absent posts left out; a member's metrics one a call; versions that end."""

import re
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from tests.platform_servers.server import Fault, PlatformServer, answer


class LinkedInServer(PlatformServer):
    """`posts` are impressions by URN; `listed` what the page's list has, the newest first."""

    def __init__(self) -> None:
        super().__init__()
        self.posts: dict[str, int] = {}
        self.listed: list[dict[str, Any]] = []
        self.oldest_version = "202512"
        self.refused: set[str] = set()

    def routes(self, router: web.UrlDispatcher) -> None:
        router.add_get("/rest/organizationalEntityShareStatistics", self._page_posts)
        router.add_get("/rest/memberCreatorPostAnalytics", self._member_post)
        router.add_get("/rest/posts", self._list)

    def unauthorized(self) -> Fault:
        return _error(401, "The token used in the request has expired", 65601)

    async def _page_posts(self, request: web.Request) -> web.Response:
        if (wrong := self._version(request)) is not None:
            return answer(wrong)
        raw = request.rel_url.raw_query_string
        assert "organizationalEntity=urn%3Ali%3Aorganization%3A111" in raw
        match = re.search(r"(shares|ugcPosts)=List\(([^)]*)\)", raw)
        assert match is not None, raw
        elements = []
        for post in map(unquote, match[2].split(",")):
            assert (":share:" in post) == (match[1] == "shares")
            if post in self.posts:
                name = "share" if ":share:" in post else "ugcPost"
                totals = {"impressionCount": self.posts[post], "uniqueImpressionsCount": 3, "clickCount": 2}
                elements.append(
                    {
                        "organizationalEntity": "urn:li:organization:111",
                        name: post,
                        "totalShareStatistics": totals,
                    }
                )
        return web.json_response(
            {"elements": elements, "paging": {"start": 0, "count": int(request.query["count"]), "links": []}}
        )

    async def _member_post(self, request: web.Request) -> web.Response:
        if (wrong := self._version(request)) is not None:
            return answer(wrong)
        metric = request.query["queryType"]
        match = re.search(r"entity=\((share|ugc):([^)]*)\)", request.rel_url.raw_query_string)
        assert match is not None
        post = unquote(match[2])
        if metric in self.refused:
            return answer(_error(400, f"Invalid value for queryType: {metric}", 100))
        if post not in self.posts:
            return answer(_error(404, "Not found", 0))
        element = {"count": self.posts[post], "metricType": metric, "targetEntity": {"share": post}}
        return web.json_response({"elements": [element], "paging": {"start": 0, "count": 10, "links": []}})

    async def _list(self, request: web.Request) -> web.Response:
        start, count = int(request.query["start"]), int(request.query["count"])
        return web.json_response({"elements": self.listed[start : start + count]})

    def _version(self, request: web.Request) -> Fault | None:
        version = request.headers.get("LinkedIn-Version", "")
        if request.headers.get("X-Restli-Protocol-Version") != "2.0.0" or not version:
            return _error(400, "A version must be present", 0)
        if version < self.oldest_version:
            return _error(426, f"Requested version {version} is not active", 0)
        return None


def _error(status: int, message: str, code: int) -> Fault:
    return Fault(status, {"status": status, "serviceErrorCode": code, "message": message})
