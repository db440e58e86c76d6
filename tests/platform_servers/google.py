"""Google: tokens, Google Ads' search and searchStream, YouTube's videos and playlists."""

import json
from typing import Any

from aiohttp import web

from tests.platform_servers.server import Fault, PlatformServer, answer


class GoogleAdsServer(PlatformServer):
    """Tokens too. `days` are impressions by day and ad."""

    page = 2

    def __init__(self) -> None:
        super().__init__()
        self.token = "ya29-access"
        self.refresh_token = "refresh-that-nobody-may-see"
        self.time_zone = "America/Los_Angeles"
        self.days: list[tuple[str, str, int]] = []
        self.tokens = 0

    def routes(self, router: web.UrlDispatcher) -> None:
        router.add_post("/token", self._token)
        router.add_post("/{version}/customers/{customer}/googleAds:search", self._search)
        router.add_post("/{version}/customers/{customer}/googleAds:searchStream", self._stream)

    def is_authorized(self, request: web.Request) -> bool:
        return request.path == "/token" or super().is_authorized(request)

    def unauthorized(self) -> Fault:
        return Fault(401, {"error": {"code": 401, "status": "UNAUTHENTICATED", "message": "invalid credentials"}})

    def queries(self) -> list[str]:
        """All that were asked, in their order."""
        return [json.loads(one.body)["query"] for one in self.requests if "googleAds" in one.path]

    async def _token(self, request: web.Request) -> web.Response:
        form = await request.post()
        if form["refresh_token"] != self.refresh_token:
            refusal = {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}
            return answer(Fault(400, refusal))
        self.tokens += 1
        return web.json_response({"access_token": self.token, "expires_in": 3599, "token_type": "Bearer"})

    async def _search(self, request: web.Request) -> web.Response:
        body = await request.json()
        if "FROM customer" in body["query"]:
            return web.json_response({"results": [{"customer": {"timeZone": self.time_zone}}], "requestId": "r0"})
        start = int(body.get("pageToken", "0"))
        answered = self._batch(self.days[start : start + self.page])
        if start + self.page < len(self.days):
            answered["nextPageToken"] = str(start + self.page)
        return web.json_response(answered)

    async def _stream(self, _request: web.Request) -> web.Response:
        half = len(self.days) // 2
        return web.json_response([self._batch(some) for some in (self.days[:half], self.days[half:]) if some])

    def _batch(self, days: list[tuple[str, str, int]]) -> dict[str, Any]:
        results = []
        for day, ad, impressions in days:
            # A zero is left out.
            metrics = {"clicks": "3", **({"impressions": str(impressions)} if impressions else {})}
            results.append(
                {
                    "customer": {"timeZone": self.time_zone},
                    "adGroupAd": {"ad": {"id": ad, "finalUrls": [f"https://sho.rt/{ad}"]}},
                    "segments": {"date": day},
                    "metrics": metrics,
                }
            )
        return {"results": results, "fieldMask": "segments.date,metrics.impressions", "requestId": "r1"}


def exhausted(delay: str | None) -> Fault:
    """Google Ads' quota error."""
    quota = {"rateScope": "ACCOUNT", **({"retryDelay": delay} if delay else {})}
    error = {
        "errorCode": {"quotaError": "RESOURCE_EXHAUSTED"},
        "message": "Too many requests. Retry in 30 seconds.",
        "details": {"quotaErrorDetails": quota},
    }
    details = [{"@type": "type.googleapis.com/google.ads.googleads.v26.errors.GoogleAdsFailure", "errors": [error]}]
    body = {
        "code": 429,
        "status": "RESOURCE_EXHAUSTED",
        "message": "Resource has been exhausted",
        "details": details,
    }
    return Fault(429, {"error": body})


class YouTubeServer(PlatformServer):
    """`videos` are views by id; `uploads` the channel's, the newest first, with their times."""

    page = 2

    def __init__(self) -> None:
        super().__init__()
        self.videos: dict[str, int] = {}
        self.uploads: list[tuple[str, str]] = []

    def routes(self, router: web.UrlDispatcher) -> None:
        router.add_get("/youtube/v3/videos", self._videos)
        router.add_get("/youtube/v3/playlistItems", self._playlist)

    def is_authorized(self, request: web.Request) -> bool:
        return request.headers.get("X-Goog-Api-Key") == self.token

    def unauthorized(self) -> Fault:
        return Fault(401, {"error": {"code": 401, "status": "UNAUTHENTICATED", "message": "API key not valid"}})

    async def _videos(self, request: web.Request) -> web.Response:
        ids = request.query["id"].split(",")
        assert len(ids) <= 50
        items = [
            {
                "id": video,
                "statistics": {"viewCount": str(self.videos[video])},
                "snippet": {
                    "publishedAt": "2026-11-01T09:00:00Z",
                    "channelId": "UC1",
                    "description": "at sho.rt/yt",
                },
            }
            for video in ids
            if video in self.videos
        ]
        return web.json_response({"items": items})

    async def _playlist(self, request: web.Request) -> web.Response:
        assert request.query["playlistId"] == "UUabcdefghijklmnopqrstuv"
        start = int(request.query.get("pageToken", "0"))
        items = [
            {"contentDetails": {"videoId": video, "videoPublishedAt": time}}
            for video, time in self.uploads[start : start + self.page]
        ]
        more = {"nextPageToken": str(start + self.page)} if start + self.page < len(self.uploads) else {}
        return web.json_response({"items": items, **more})


def out_of_quota() -> Fault:
    """YouTube's, of the day."""
    error = {"code": 403, "message": "The request cannot be completed", "errors": [{"reason": "quotaExceeded"}]}
    return Fault(403, {"error": error})
