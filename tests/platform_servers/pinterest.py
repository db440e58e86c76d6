"""Pinterest: the days of a pin, at most 90 days back; pins by bookmark."""

from datetime import date, timedelta

from aiohttp import web

from tests.platform_servers.server import Fault, PlatformServer, answer


class PinterestServer(PlatformServer):
    """`pins` are impressions by day, by id; `today` is in UTC."""

    page = 2

    def __init__(self, today: date) -> None:
        super().__init__()
        self.today = today
        self.pins: dict[str, dict[str, int]] = {}
        self.made: dict[str, str] = {}

    def routes(self, router: web.UrlDispatcher) -> None:
        router.add_get("/v5/pins", self._list)
        router.add_get("/v5/pins/{pin}/analytics", self._analytics)

    def unauthorized(self) -> Fault:
        return Fault(401, {"code": 2, "message": "Authentication failed."})

    async def _analytics(self, request: web.Request) -> web.Response:
        first, last = (date.fromisoformat(request.query[name]) for name in ("start_date", "end_date"))
        if first < self.today - timedelta(days=90) or last < first:
            return answer(Fault(400, {"code": 1, "message": "start_date is more than 90 days back"}))
        pin = self.pins.get(request.match_info["pin"])
        if pin is None:
            return answer(Fault(404, {"code": 50, "message": "Pin not found."}))
        days = [
            {"date": day, "data_status": "READY", "metrics": {"IMPRESSION": shown, "OUTBOUND_CLICK": 1}}
            for day, shown in pin.items()
            if first <= date.fromisoformat(day) <= last
        ]
        return web.json_response({"all": {"daily_metrics": days, "summary_metrics": {}, "lifetime_metrics": {}}})

    async def _list(self, request: web.Request) -> web.Response:
        start = int(request.query.get("bookmark", "0"))
        pins = list(self.made.items())
        items = [
            {"id": pin, "created_at": made, "link": f"https://sho.rt/{pin}"}
            for pin, made in pins[start : start + self.page]
        ]
        bookmark = str(start + self.page) if start + self.page < len(pins) else None
        return web.json_response({"items": items, "bookmark": bookmark})
