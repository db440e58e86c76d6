"""`clicktally poll`: ask platforms for their numbers, once or again and again."""

import time
from pathlib import Path
from typing import Annotated

import typer
import uvloop
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, TaskID
from rich.table import Table

from console.poll.accounts import KINDS, Account, AccountsError, XAccount, read_accounts
from console.poll.plan import NOTHING, cost_of, cost_of_new
from console.poll.running import Results, poll_for_ever, poll_once
from console.poll.schedule import Schedule
from console.poll.service import Accounts, shared_out, world_of
from console.poll.settings import PollSettings
from console.poll.state import State
from console.settings import ConsoleSettings
from schemas.logs import set_up_logs
from schemas.settings import settings_or_exit


def poll_command(
    platforms: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PLATFORM]...", help=f"{', '.join(KINDS)}; all with an account, if left out."),
    ] = None,
    *,
    once: Annotated[bool, typer.Option("--once", help="One round, then exit: 1 if an account failed.")] = False,
    every: Annotated[
        float | None,
        typer.Option(metavar="MINUTES", min=0.1, max=1440, help="How often a round begins.", show_default=False),
    ] = None,
    posts: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Ids or permalinks, one a line, instead of the posts that links name.", exists=True
        ),
    ] = None,
    plan: Annotated[
        bool, typer.Option("--plan", help="Print what a year of the schedule reads and costs; ask nobody.")
    ] = False,
    new_posts: Annotated[
        int, typer.Option(metavar="N", min=0, max=10_000, help="With --plan: posts to come a week and account.")
    ] = 0,
    check: Annotated[bool, typer.Option("--check", help="Print the effective settings and exit.")] = False,
) -> None:
    """Ask platforms what posts and ads were shown, and send the totals to Kafka.

    Accounts and tokens: CLICKTALLY_POLL_ACCOUNTS_FILE, see docs/pollers.md. Asking twice changes no count.
    """
    settings = settings_or_exit(PollSettings, check=check)
    if every is not None:
        settings = settings.model_copy(update={"every_minutes": every})
    console = settings_or_exit(ConsoleSettings, check=False)
    accounts = _accounts(settings, platforms or [])
    if posts is not None and len(accounts) != 1:
        raise typer.BadParameter("name the platform that the posts of --posts are on")
    try:
        if plan:
            Console().print(uvloop.run(_plan(accounts, settings, console, posts, new_posts)))
        elif once:
            _once(accounts, settings, console, posts)
        else:
            set_up_logs("poll", settings.log_level)
            uvloop.run(poll_for_ever(accounts, settings, console, posts))
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(str(error)) from error


def _accounts(settings: PollSettings, platforms: list[str]) -> Accounts:
    unknown = [platform for platform in platforms if platform not in KINDS]
    if unknown:
        raise typer.BadParameter(f"there is no poller for {unknown[0]!r}: known are {', '.join(KINDS)}")
    text, where = settings.accounts.get_secret_value(), "CLICKTALLY_POLL_ACCOUNTS"
    try:
        if settings.accounts_file is not None:
            text, where = settings.accounts_file.read_text("utf-8"), str(settings.accounts_file)
        all_accounts = read_accounts(text, where)
    except (AccountsError, OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(str(error)) from error
    accounts = {name: of_platform for name in platforms or all_accounts if (of_platform := all_accounts.get(name))}
    missing = [platform for platform in platforms if platform not in accounts]
    if missing or not accounts:
        wanted = missing[0] if missing else "any platform"
        raise typer.BadParameter(
            f"there is no account of {wanted}: write [[{missing[0] if missing else 'x'}]] with its token into a"
            " file, and name that in CLICKTALLY_POLL_ACCOUNTS_FILE; docs/pollers.md shows one for each platform"
        )
    return accounts


def _once(accounts: Accounts, settings: PollSettings, console: ConsoleSettings, posts: Path | None) -> None:
    errors = Console(stderr=True)
    with Progress(console=errors, transient=True, disable=not errors.is_terminal) as progress:
        tasks: dict[str, TaskID] = {}

        def show(name: str, done: int, of: int) -> None:
            if name not in tasks:
                tasks[name] = progress.add_task(escape(name))
            progress.update(tasks[name], completed=done, total=of)

        results = uvloop.run(
            poll_once(
                accounts,
                settings,
                console,
                posts,
                warn=lambda text: errors.print(text, markup=False, highlight=False, soft_wrap=True),
                progress=show,
            )
        )
    for (platform, name), result in results.items():
        if result.error:
            errors.print(f"{platform} {name}: {result.error}", markup=False, highlight=False, soft_wrap=True)
    Console().print(_results(results))
    if any(result.state != "ok" for result in results.values()):
        raise typer.Exit(1)


def _results(results: Results) -> Table:
    table = Table("platform", "account", "state", "posts asked", "totals", "with a link", "gone", title="polled")
    for column in table.columns[3:]:
        column.justify = "right"
    for (platform, name), result in results.items():
        numbers = result.posts_asked, result.snapshots, result.matched, result.gone
        table.add_row(platform, escape(name), result.state, *(f"{number:,}" for number in numbers))
    return table


async def _plan(
    accounts: Accounts, settings: PollSettings, console: ConsoleSettings, posts: Path | None, new_posts: int
) -> Table:
    schedule, now_ms = Schedule.of(settings.schedule), int(time.time() * 1000)
    table = Table(
        *("platform", "account", "posts", "readings a year", "billed", "dollars a year"),
        title=f"a year of {settings.schedule}" + (f", {new_posts} new posts a week" if new_posts else ""),
        caption="X bills a post once a UTC day; the other platforms bill nothing",
    )
    for column in table.columns[2:]:
        column.justify = "right"
    async with world_of(console, accounts, posts) as world:
        for platform, some in accounts.items():
            shares = shared_out(world.wanted.get(platform, ()), some)
            for account in some:
                with State(settings.state_file, platform, account.name) as state:
                    known = {**{post.id: post for post in shares[account.name]}, **state.posts()}
                cost = cost_of(known.values(), schedule, now_ms)
                cost += cost_of_new(new_posts, schedule, now_ms) if platform != "google-ads" else NOTHING
                billed = ("", "")
                if platform == "x":
                    billed = f"{cost.billed:,}", f"{cost.dollars(owned=_owns(account)):,.2f}"
                table.add_row(platform, escape(account.name), f"{cost.posts:,}", f"{cost.readings:,}", *billed)
    return table


def _owns(account: Account) -> bool:
    return isinstance(account, XAccount) and account.owner
