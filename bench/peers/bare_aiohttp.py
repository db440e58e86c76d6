"""An aiohttp application that answers 302 and records nothing: what a redirector in aiohttp can be at best.

python -m bench.peers.bare_aiohttp PORT
"""

import sys

import uvloop
from aiohttp import web


async def redirect(request: web.Request) -> web.Response:
    """Always the same place, but for the slug."""
    slug = request.match_info["slug"]
    return web.Response(status=302, headers={"Location": f"https://shop.example/products/{slug}"})


async def application() -> web.Application:
    """One route."""
    app = web.Application()
    app.router.add_get("/{slug}", redirect)
    return app


def main() -> None:
    """Serve until told to stop."""
    loop = uvloop.new_event_loop()
    web.run_app(application(), host="127.0.0.1", port=int(sys.argv[1]), access_log=None, print=None, loop=loop)


if __name__ == "__main__":
    main()
