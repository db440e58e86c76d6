"""``python -m deploy.local.demo``, or `make demo`: the demo's fortnight in the stack of `make run`, then the page.

It fills a stack that runs already; where none does, it starts one and stays with it until Ctrl-C.
"""

import argparse
import asyncio
import sys
import time
import webbrowser
from typing import Final

import aiohttp
from rich.console import Console

from deploy.local.demo.filling import DemoError, fill, is_filled
from deploy.local.run import StackError, check_ports, clicktally_says, run, sign_in_link
from deploy.local.settings import LocalSettings
from deploy.local.setup import SetupError, ensure_ready
from deploy.local.stack.settings import RunSettings, Stack
from schemas.settings import settings_or_exit

_ROLES: Final = ("impressions:write", "links:read", "links:write", "reports:read")


async def demonstrate(stack: Stack, out: Console, arguments: argparse.Namespace) -> None:
    """Fill the stack, unless it was before, and lead to the page. Raises DemoError, StackError."""
    began = time.monotonic()
    roles = (f"--role={role}" for role in _ROLES)
    bearer = await clicktally_says(stack, "tokens", "create", "demo", *roles, "--days", "1")
    headers = {"Authorization": f"Bearer {bearer}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        if await is_filled(session, stack):
            out.print(f"the demo is there from an earlier run; without {stack.directory} it is made anew")
        else:
            amounts = await fill(
                stack,
                session,
                seed=arguments.seed,
                days=arguments.days,
                now_ms=time.time_ns() // 1_000_000,
                tell=lambda words: out.print(f"  {words}", highlight=False),
            )
            said = ", ".join(f"{amount} {name.replace('_', ' ')}" for name, amount in amounts.items())
            out.print(f"filled and counted in {time.monotonic() - began:.0f} s: {said}", highlight=False)
    link = await sign_in_link(stack)
    out.print(f"the demo, signed in for ten minutes from now: [bold]{link}[/]")
    if arguments.open:
        await asyncio.to_thread(webbrowser.open, link)


async def _runs(stack: Stack) -> bool:
    url = f"http://127.0.0.1:{stack.metrics_ports['api']}/readyz"
    try:
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            return answer.ok
    except (aiohttp.ClientError, OSError):
        return False


def main() -> None:
    """Read the arguments and the settings of `make run`; fill, or start and fill."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local.demo", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same fortnight (default: 1)")
    parser.add_argument("--days", type=int, default=14, choices=range(2, 61), metavar="2..60", help="default: 14")
    parser.add_argument("--open", action="store_true", help="open the page in the browser")
    arguments = parser.parse_args()
    stack = Stack(settings_or_exit(LocalSettings, check=False), settings_or_exit(RunSettings, check=False))
    out = Console(soft_wrap=True)
    try:
        if asyncio.run(_runs(stack)):
            asyncio.run(demonstrate(stack, out, arguments))
            return
        ensure_ready(stack.local)
        check_ports(stack)
        status = asyncio.run(run(stack, out, then=lambda: demonstrate(stack, out, arguments)))
    except (SetupError, StackError, DemoError) as error:
        sys.exit(f"demo: {error}")
    sys.exit(status)


if __name__ == "__main__":
    main()
