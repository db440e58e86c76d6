"""TikTok: an answer always has an error, and its code tells."""

from typing import Any

from aiohttp import web

from tests.platform_servers.server import Fault, PlatformServer


class TikTokServer(PlatformServer):
    """`videos` are views by id, the newest first, with the second they were made."""

    page = 2

    def __init__(self) -> None:
        super().__init__()
        self.videos: dict[str, tuple[int, int]] = {}

    def routes(self, router: web.UrlDispatcher) -> None:
        router.add_post("/v2/video/query/", self._query)
        router.add_post("/v2/video/list/", self._list)

    def unauthorized(self) -> Fault:
        return Fault(401, error("access_token_invalid", "The access token is invalid or not found"))

    async def _query(self, request: web.Request) -> web.Response:
        ids = (await request.json())["filters"]["video_ids"]
        assert len(ids) <= 20
        videos = [
            {"id": video, "view_count": self.videos[video][0], "create_time": self.videos[video][1]}
            for video in ids
            if video in self.videos
        ]
        return web.json_response({"data": {"videos": videos}, **error("ok", "")})

    async def _list(self, request: web.Request) -> web.Response:
        start = (await request.json()).get("cursor", 0)
        shown = list(self.videos.items())[start : start + self.page]
        videos = [{"id": video, "create_time": time} for video, (_, time) in shown]
        more = {"cursor": start + self.page, "has_more": start + self.page < len(self.videos)}
        return web.json_response({"data": {"videos": videos, **more}, **error("ok", "")})


def error(code: str, message: str) -> dict[str, Any]:
    """What is in every answer."""
    return {"error": {"code": code, "message": message, "log_id": "202611270000"}}
