"""X: look-up with partial errors, the timeline by pages, private fields for the owner and 30 days only."""

from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from tests.platform_servers.server import PlatformServer

PRIVATE = "non_public_metrics"


class XServer(PlatformServer):
    """`posts` are impressions by id; `owned` those whose private fields are the token's to see."""

    page = 2

    def __init__(self) -> None:
        super().__init__()
        self.posts: dict[str, int] = {}
        self.times: dict[str, datetime] = {}
        self.owned: set[str] = set()
        self.text_urls: dict[str, str] = {}

    def routes(self, router: web.UrlDispatcher) -> None:
        router.add_get("/2/tweets", self._look_up)
        router.add_get("/2/users/{user}/tweets", self._timeline)

    async def _look_up(self, request: web.Request) -> web.Response:
        ids, fields = request.query["ids"].split(","), request.query["tweet.fields"].split(",")
        if len(ids) > 100:
            return web.json_response({"title": "Invalid Request", "type": "…/invalid-request"}, status=400)
        page: dict[str, Any] = {"data": [], "errors": []}
        for post in ids:
            if post not in self.posts:
                page["errors"].append(_problem(post, "Not Found Error", "resource-not-found"))
            elif PRIVATE in fields and post not in self.owned:
                page["errors"].append(_problem(post, "Field Authorization Error", "not-authorized-for-field"))
            else:
                page["data"].append(self._post(post, PRIVATE in fields))
        return web.json_response({key: value for key, value in page.items() if value})

    async def _timeline(self, request: web.Request) -> web.Response:
        since = request.query.get("start_time", "2000-01-01T00:00:00Z")
        posts = sorted((post for post in self.times if self.times[post] >= _time(since)), reverse=True)
        start = int(request.query.get("pagination_token", "0"))
        shown = posts[start : start + self.page]
        meta = {"result_count": len(shown)}
        if start + self.page < len(posts):
            meta["next_token"] = str(start + self.page)  # type: ignore[assignment] # a text among numbers
        data = [{"id": post, "created_at": self.times[post].isoformat()} for post in shown]
        return web.json_response({"data": data, "meta": meta} if data else {"meta": meta})

    def _post(self, post: str, private: bool) -> dict[str, Any]:
        shown: dict[str, Any] = {"id": post, "public_metrics": {"impression_count": self.posts[post]}}
        if post in self.times:
            shown["created_at"] = self.times[post].isoformat()
        if post in self.text_urls:
            shown["entities"] = {"urls": [{"url": "https://t.co/a", "expanded_url": self.text_urls[post]}]}
        if private:
            shown[PRIVATE] = {"impression_count": self.posts[post], "url_link_clicks": 7}
        return shown


def _problem(post: str, title: str, kind: str) -> dict[str, str]:
    return {
        "resource_id": post,
        "resource_type": "tweet",
        "parameter": "ids",
        "value": post,
        "title": title,
        "type": f"https://api.x.com/2/problems/{kind}",
    }


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
