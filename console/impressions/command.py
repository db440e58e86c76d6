"""`clicktally impressions`: totals out of files that platforms give, and posts whose link is not known."""

import re
import sys
from datetime import date, datetime, tzinfo
from pathlib import Path
from typing import Annotated, Final

import typer
import uvloop
from rich.console import Console

from console.impressions.dates import Order
from console.impressions.formats.known import FORMS
from console.impressions.importing import Wanted, import_impressions
from console.impressions.matching import ADVICE, match_posts, posts_table, unmatched_posts, write_posts
from console.impressions.reading import Choices
from console.impressions.spreadsheets import FileError
from console.settings import ConsoleSettings
from console.time_zones import zone_named
from schemas.link_names import read_link_name
from schemas.links import LinkError
from schemas.settings import settings_or_exit

_PERIOD: Final = re.compile(r"(\d{4}-\d{2}-\d{2})(?:\.\.|:)(\d{4}-\d{2}-\d{2})")

app = typer.Typer(no_args_is_help=True, help="Impressions that platforms counted.")


@app.command("import")
def import_(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="As downloaded: CSV, .xls, .xlsx or a zip with a CSV.", exists=True),
    ],
    *,
    time_zone: Annotated[
        str,
        typer.Option(help="Of the account, in which its days begin, such as Europe/Berlin.", show_default=False),
    ] = "",
    link: Annotated[str, typer.Option(help="The link of every post in the files.", show_default=False)] = "",
    map_file: Annotated[
        Path | None,
        typer.Option(
            "--map",
            help="CSV with the header post,link: which post carries which link.",
            exists=True,
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check the files and import nothing.")] = False,
    form: Annotated[
        str, typer.Option("--format", help="What the files are; otherwise their headers tell.", show_default=False)
    ] = "",
    columns: Annotated[
        list[str] | None,
        typer.Option(
            "--column",
            metavar="NAME=HEADER",
            help="What a header means that is in another language.",
            show_default=False,
        ),
    ] = None,
    dates: Annotated[
        Order | None, typer.Option(help="Whether 03/04/2026 has its month or its day first.", show_default=False)
    ] = None,
    period: Annotated[
        str,
        typer.Option(
            metavar="DAY..DAY",
            help="The days that the files are of, if their names do not say.",
            show_default=False,
        ),
    ] = "",
    lifetime: Annotated[
        bool, typer.Option("--lifetime", help="The totals are of the posts' lives, whatever the files' period.")
    ] = False,
    observed_at: Annotated[
        str,
        typer.Option(
            metavar="TIME",
            help="When the platform said so; otherwise the file's own date, or its age.",
            show_default=False,
        ),
    ] = "",
    encoding: Annotated[
        str | None,
        typer.Option(help="Such as windows-1252; otherwise UTF-8, or UTF-16 when it is.", show_default=False),
    ] = None,
) -> None:
    """Import what platforms' downloads say of posts, ads and mailings.

    X (content), LinkedIn (page, member, single post), Meta Business Suite, Google Ads, Microsoft Ads, Mailchimp,
    and a plain CSV with platform,post,total. Which it is, the header tells. A file imported twice changes nothing;
    a newer one corrects. The exit status is 1 when there was any bad line.
    """
    settings = settings_or_exit(ConsoleSettings, check=False)
    zone = zone_named(time_zone or settings.time_zone)
    wanted = Wanted(
        files=files,
        choices=Choices(
            form=_form(form),
            renamed=_renamed(columns or ()),
            encoding=encoding,
            zone=zone,
            order=dates,
            period=_period(period),
            is_life=lifetime,
            observed_ms=_observed_ms(observed_at, zone),
        ),
        link=_link(link),
        map_file=map_file,
        dry_run=dry_run,
    )
    totals = uvloop.run(import_impressions(wanted, settings, errors=Console(stderr=True)))
    out = Console()
    out.print(totals.table(dry_run=dry_run))
    if totals.unmatched:
        out.print(
            "posts without a link are kept, and count once it is known: see `clicktally impressions unmatched`"
        )
    if totals.bad:
        raise typer.Exit(1)


def _form(name: str) -> str:
    known = [form.name for form in FORMS]
    if name and name not in known:
        raise typer.BadParameter(f"there is no format {name}: give one of {', '.join(known)}")
    return name


def _renamed(columns: "list[str] | tuple[()]") -> dict[str, str]:
    renamed = {}
    for column in columns:
        name, separator, header = column.partition("=")
        if not separator or not name.strip() or not header.strip():
            raise typer.BadParameter(f"{column!r} should be NAME=HEADER, such as impressions=Impressionen")
        renamed[header.strip().lower()] = name.strip().lower()
    return renamed


def _period(text: str) -> tuple[date, date] | None:
    if not text:
        return None
    try:
        days = _PERIOD.fullmatch(text.strip())
        first, last = (date.fromisoformat(part) for part in days.groups()) if days else (date.max, date.min)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r}: {error}") from error
    if first > last:
        raise typer.BadParameter(f"{text!r} should be two days, such as 2026-11-01..2026-11-30")
    return first, last


def _observed_ms(text: str, zone: tzinfo | None) -> int | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no ISO 8601 time: write it like 2026-11-27T18:00:00Z") from error
    if moment.tzinfo is None:
        if zone is None:
            raise typer.BadParameter(f"{text!r} has no time zone: end it in Z or an offset such as +01:00")
        moment = moment.replace(tzinfo=zone)
    return max(0, round(moment.timestamp() * 1000))


def _link(name: str) -> str:
    try:
        return read_link_name(name) if name else ""
    except LinkError as error:
        raise typer.BadParameter(str(error)) from error


@app.command()
def unmatched(
    *,
    limit: Annotated[int, typer.Option(min=1, help="List no more than so many.")] = 100,
    csv_file: Annotated[
        str,
        typer.Option("--csv", metavar="FILE", help="Write them as a mapping file to fill; - is standard output."),
    ] = "",
) -> None:
    """List posts that no link is known of, the most displayed first, and what to do."""
    settings = settings_or_exit(ConsoleSettings, check=False)
    posts = uvloop.run(unmatched_posts(settings, sys.maxsize if csv_file else limit + 1))
    out = Console(stderr=True) if csv_file == "-" else Console()
    if csv_file == "-":
        write_posts(posts, sys.stdout)
    elif csv_file:
        with Path(csv_file).open("w", encoding="utf-8", newline="") as file:
            write_posts(posts, file)
    elif posts:
        out.print(posts_table(posts[:limit]))
    if not posts:
        out.print("every post has its link")
        return
    if len(posts) > limit and not csv_file:
        out.print(f"there are more than {limit}: raise --limit, or write all with --csv", highlight=False)
    out.print(ADVICE, markup=False, highlight=False, soft_wrap=True)


@app.command()
def match(
    *,
    map_file: Annotated[
        Path,
        typer.Option("--map", help="CSV with the header post,link: which post carries which link.", exists=True),
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check the file and match nothing.")] = False,
) -> None:
    """Say which links posts carry. Their totals count from the next flush on, and later ones by themselves."""
    settings = settings_or_exit(ConsoleSettings, check=False)
    try:
        matched, bad = uvloop.run(match_posts(settings, map_file, dry_run=dry_run, errors=Console(stderr=True)))
    except FileError as error:
        raise typer.BadParameter(f"{map_file} {error}") from error
    Console().print(f"{matched:,} totals {'would be ' if dry_run else ''}matched", highlight=False)
    if bad:
        raise typer.Exit(1)
