"""Facebook, Instagram and Threads: insights and lists by cursor; a retired metric fails a call."""

import re
from typing import Any

from aiohttp import web

from tests.platform_servers.server import Fault, PlatformServer, answer


def refusal(message: str, code: int, *, status: int = 400, subcode: int = 0) -> Fault:
    """Meta's error; the status says little."""
    error = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "A1"}
    return Fault(status, {"error": {**error, **({"error_subcode": subcode} if subcode else {})}})


class MetaServer(PlatformServer):
    """`posts` are values by metric, by id; `refused` metrics by the product type of a post, "" for all.

    `names_metric`: whether the refusal says which metric it is.
    """

    page = 2

    def __init__(self, *, names_metric: bool = True) -> None:
        super().__init__()
        self.posts: dict[str, dict[str, Any]] = {}
        self.times: dict[str, str] = {}
        self.more: dict[str, dict[str, Any]] = {}
        self.kinds: dict[str, str] = {}
        self.videos: set[str] = set()
        self.refused: dict[str, set[str]] = {}
        self.names_metric = names_metric

    def routes(self, router: web.UrlDispatcher) -> None:
        router.add_get("/{version}/", self._by_ids)
        router.add_get("/{version}/{post}/insights", self._insights)
        router.add_get("/{version}/{owner}/{edge:posts|media|threads}", self._list)

    def unauthorized(self) -> Fault:
        return refusal("Error validating access token: Session has expired", 190, status=401, subcode=463)

    async def _by_ids(self, request: web.Request) -> web.Response:
        fields = request.query["fields"]
        metrics = re.search(r"insights\.metric\(([^)]*)\)", fields)
        assert metrics is not None
        posts = {}
        for post in request.query["ids"].split(","):
            wrong = self._wrong(post, metrics[1].split(","))
            if wrong is not None:
                return answer(wrong)
            posts[post] = {
                "id": post,
                "created_time": self.times.get(post, "2026-11-01T09:00:00+0000"),
                **self.more.get(post, {}),
                "insights": {"data": self._metrics(post, metrics[1].split(","))},
            }
        return web.json_response(posts)

    async def _insights(self, request: web.Request) -> web.Response:
        post, metrics = request.match_info["post"], request.query["metric"].split(",")
        wrong = self._wrong(post, metrics)
        return answer(wrong) if wrong else web.json_response({"data": self._metrics(post, metrics), "paging": {}})

    async def _list(self, request: web.Request) -> web.Response:
        posts = sorted(self.posts, key=lambda post: self.times.get(post, ""), reverse=True)
        start = int(request.query.get("after", "0"))
        shown = posts[start : start + self.page]
        data = []
        for post in shown:
            time = self.times.get(post, "2026-11-01T09:00:00+0000")
            one = {"id": post, "timestamp": time, "created_time": time, **self.more.get(post, {})}
            if post in self.kinds:
                one["media_product_type"] = self.kinds[post]
            data.append(one)
        paging: dict[str, Any] = {"cursors": {"before": str(start), "after": str(start + self.page)}}
        if start + self.page < len(posts):
            paging["next"] = "https://graph.facebook.com/next"
        return web.json_response({"data": data, "paging": paging})

    def _wrong(self, post: str, metrics: list[str]) -> Fault | None:
        if post not in self.posts:
            return refusal(f"Object with ID '{post}' does not exist", 100, subcode=33)
        if post in self.videos:
            return refusal("(#100) The value must be a valid insights metric", 100)
        refused = self.refused.get("", set()) | self.refused.get(self.kinds.get(post, "none"), set())
        for place, metric in enumerate(metrics):
            if metric in refused:
                good = ", ".join(name for name in metrics if name not in refused)
                named = f"(#100) metric[{place}] must be one of the following values: {good}"
                return refusal(
                    named if self.names_metric else "(#100) The value must be a valid insights metric", 100
                )
        return None

    def _metrics(self, post: str, metrics: list[str]) -> list[dict[str, Any]]:
        return [
            {
                "name": metric,
                "period": "lifetime",
                "values": [{"value": self.posts[post][metric]}],
                "id": f"{post}/insights/{metric}/lifetime",
            }
            for metric in metrics
            if metric in self.posts[post]
        ]
