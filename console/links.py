"""`clicktally links`: the links that are tracked, in and out of files, looked at and deleted."""

import asyncio
import codecs
import sys
from itertools import islice
from pathlib import Path
from typing import Annotated, Final

import typer
import uvloop
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from console.foreign_links import Shortener
from console.link_export import row_of, write_links
from console.link_files import FileFormat, Foreign, OwnFormat
from console.link_filters import Campaign, Domain, Filters, Labels, key_named
from console.link_import import ImportFile, import_links
from console.link_rules import RULE_DEFAULTS
from console.link_snapshot import LinkSnapshot
from console.link_topic import LinkTopic
from console.settings import ConsoleSettings
from console.time_zones import zone_named
from schemas.links import Link, NewerLinkError
from schemas.settings import settings_or_exit

_KINDS: Final[dict[str, FileFormat]] = {".ndjson": "ndjson", ".jsonl": "ndjson", ".json": "json", ".sql": "sql"}
_SHOWN_BEFORE_DELETING: Final = 10

app = typer.Typer(no_args_is_help=True, help="The links that are tracked.")

Format = Annotated[
    FileFormat | None,
    typer.Option("--format", help="Otherwise the file's ending tells.", show_default=False),
]


@app.command("import")
def import_(
    file: Annotated[
        typer.FileBinaryRead,
        typer.Argument(help="CSV with a header, NDJSON or an export; - is standard input."),
    ],
    *,
    kind: Format = None,
    encoding: Annotated[
        str | None,
        typer.Option(help="Such as windows-1252; otherwise UTF-8, or UTF-16 when it is.", show_default=False),
    ] = None,
    shortener: Annotated[
        Shortener | None,
        typer.Option("--from", help="Whose export it is; otherwise its shape tells.", show_default=False),
    ] = None,
    domain: Annotated[
        str, typer.Option(help="The domain of links that name none, as in some exports.", show_default=False)
    ] = "",
    time_zone: Annotated[
        str,
        typer.Option(help="Of times in an export that have none, such as Europe/Berlin.", show_default=False),
    ] = "",
    replace: Annotated[
        bool, typer.Option("--replace", help="Empty what the file does not name in links that exist.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check the file and import nothing.")] = False,
    own_allowed: Annotated[
        bool, typer.Option("--allow-own-domains", help="Let links lead to domains that have links.")
    ] = False,
) -> None:
    """Import links from a file.

    domain and slug name a link; a new one needs a destination. Of a link that exists only the columns are changed
    that the file names. Exports of other shorteners (Bitly, Dub, Kutt, Rebrandly, Shlink, Short.io, Sink, YOURLS)
    are read as they are; what they say and no link here can hold is told by column. Good lines are imported, bad
    ones are named with what to do. The exit status is 1 when there was any bad one.
    """
    settings = settings_or_exit(ConsoleSettings, check=False)
    if encoding is not None:
        _check_encoding(encoding)
    totals = uvloop.run(
        import_links(
            ImportFile(
                source=file,
                name=file.name,
                kind=kind or _kind_of(file.name),
                encoding=encoding,
                foreign=Foreign(shortener, domain, zone_named(time_zone or settings.time_zone)),
            ),
            settings,
            replace=replace,
            dry_run=dry_run,
            own_allowed=own_allowed,
            errors=Console(stderr=True),
        )
    )
    Console().print(totals.table(dry_run=dry_run))
    if totals.left.found:
        Console().print(totals.left.table())
    if totals.bad:
        raise typer.Exit(1)


@app.command("list")
def list_(
    *,
    domain: Domain = "",
    campaign: Campaign = None,
    label: Labels = None,
    limit: Annotated[int, typer.Option(min=1, help="List no more than so many.")] = 100,
) -> None:
    """List links in the order of their names."""
    filters = Filters.given(domain, campaign, label)

    async def matching_links() -> list[Link]:
        async with LinkSnapshot.taken(settings_or_exit(ConsoleSettings, check=False)) as snapshot:
            return list(islice(filters.links(snapshot), limit + 1))

    links = uvloop.run(matching_links())
    out = Console()
    table = Table("link", "destination", "campaign", "post", "channel")
    for column in table.columns:
        column.overflow = "fold"
    for link in links[:limit]:
        table.add_row(*map(escape, (link.key, link.destination, link.campaign, link.post, link.channel)))
    out.print(table)
    if len(links) > limit:
        out.print(f"there are more than {limit}: raise --limit, filter, or `clicktally links export`")


@app.command()
def show(keys: Annotated[list[str], typer.Argument(metavar="LINK...", help="Such as go.example/spring.")]) -> None:
    """Show all that is known of links."""
    wanted = [key_named(text) for text in keys]

    async def links_or_reasons() -> list[Link | str]:
        async with LinkSnapshot.taken(settings_or_exit(ConsoleSettings, check=False)) as snapshot:
            return [_link_or_why_not(snapshot, key) for key in wanted]

    out, missing = Console(), []
    for key, link in zip(wanted, uvloop.run(links_or_reasons()), strict=True):
        if isinstance(link, str):
            missing.append(link)
            continue
        table = Table("field", "value", title=escape(key), title_justify="left")
        table.columns[1].overflow = "fold"
        for name, value in row_of(link).items():
            if value and value != RULE_DEFAULTS.get(name):
                table.add_row(name, escape(", ".join(value) if isinstance(value, tuple) else str(value)))
        out.print(table)
    for line in missing:
        Console(stderr=True).print(line, markup=False, highlight=False, soft_wrap=True)
    if missing:
        raise typer.Exit(1)


@app.command()
def export(
    file: Annotated[str, typer.Argument(help="Where to; - writes to standard output.")] = "-",
    *,
    kind: Annotated[OwnFormat | None, typer.Option("--format", help="Otherwise the file's ending tells.")] = None,
    domain: Domain = "",
    campaign: Campaign = None,
    label: Labels = None,
) -> None:
    """Write links as a file that `links import` reads."""
    filters = Filters.given(domain, campaign, label)

    async def write() -> int:
        async with LinkSnapshot.taken(settings_or_exit(ConsoleSettings, check=False)) as snapshot:
            links = filters.links(snapshot)
            if file == "-":
                return write_links(links, kind or "csv", sys.stdout)
            with await asyncio.to_thread(Path(file).open, "w", encoding="utf-8", newline="") as out:
                return write_links(links, kind or ("ndjson" if _kind_of(file) == "ndjson" else "csv"), out)

    count = uvloop.run(write())
    Console(stderr=True).print(f"{count:,} links exported", highlight=False)


@app.command()
def delete(
    keys: Annotated[
        list[str] | None, typer.Argument(metavar="LINK...", help="Such as go.example/spring.", show_default=False)
    ] = None,
    *,
    domain: Domain = "",
    campaign: Campaign = None,
    label: Labels = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete links, by name or by filter. What they counted stays, under the names they had."""
    filters = Filters.given(domain, campaign, label)
    if bool(keys) == (filters != Filters()):
        raise typer.BadParameter("name the links to delete, or filter them: one of both")
    settings = settings_or_exit(ConsoleSettings, check=False)
    wanted = [key_named(text) for text in keys or ()]

    async def doomed() -> list[str]:
        async with LinkSnapshot.taken(settings) as snapshot:
            if not wanted:
                return [link.key for link in filters.links(snapshot)]
            missing = [key for key in wanted if not snapshot.has(key)]
            if missing:
                raise typer.BadParameter(f"there is no link {', '.join(missing)}")
            return list(dict.fromkeys(wanted))

    doomed_keys = uvloop.run(doomed())
    out = Console()
    if not doomed_keys:
        out.print("no link fits: nothing is deleted")
        return
    for key in doomed_keys[:_SHOWN_BEFORE_DELETING]:
        out.print(key, markup=False, highlight=False, soft_wrap=True)
    if len(doomed_keys) > _SHOWN_BEFORE_DELETING:
        out.print(f"and {len(doomed_keys) - _SHOWN_BEFORE_DELETING:,} more", highlight=False)
    if not yes:
        typer.confirm(f"delete {len(doomed_keys):,} links?", abort=True)
    uvloop.run(_delete(settings, doomed_keys))
    out.print(f"{len(doomed_keys):,} links deleted", highlight=False)


async def _delete(settings: ConsoleSettings, keys: list[str]) -> None:
    async with LinkTopic(settings.kafka) as topic:
        for key in keys:
            await topic.delete(key)
        await topic.flush()


def _kind_of(name: str) -> FileFormat:
    return _KINDS.get(Path(name).suffix.lower(), "csv")


def _check_encoding(name: str) -> None:
    try:
        codecs.lookup(name)
    except LookupError as error:
        raise typer.BadParameter(
            f"there is no encoding {name!r}: give one such as utf-8 or windows-1252"
        ) from error


def _link_or_why_not(snapshot: LinkSnapshot, key: str) -> Link | str:
    try:
        return snapshot.get(key) or f"there is no link {key}"
    except NewerLinkError as error:
        return f"{key}: {error}"
