"""`clicktally tokens`: make, list and revoke what opens the doors."""

import sys
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Final

import msgspec
import typer
import uvloop
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from rich.console import Console
from rich.table import Table

from console.api.sessions import code_key, new_code
from console.compacted import read_latest
from console.settings import ConsoleSettings
from schemas.errors import TransientError
from schemas.settings import settings_or_exit
from schemas.tokens import ROLES, Role, Token, new_token
from schemas.topics import RECORDS, TOKENS

_DAY_MS: Final = 24 * 3600 * 1000
_MINUTE_MS: Final = 60_000

app = typer.Typer(no_args_is_help=True, help="Access tokens: who may say what.")


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="What it is for, for people.")],
    *,
    role: Annotated[
        list[str], typer.Option(help=f"What it may do, one of {', '.join(ROLES)}; repeat it for more.")
    ],
    account: Annotated[
        str, typer.Option(help="Speak for links of this account only; otherwise for all links.", show_default=False)
    ] = "",
    days: Annotated[
        float | None, typer.Option(min=0, help="Expire after so many days; otherwise never.", show_default=False)
    ] = None,
    if_none: Annotated[bool, typer.Option("--if-none", help="Do nothing when there is any token.")] = False,
) -> None:
    """Make a token and print it. It is shown this once: only a hash of it is kept."""
    settings = settings_or_exit(ConsoleSettings, check=False)
    now_ms = time.time_ns() // 1_000_000
    if if_none and uvloop.run(_all(settings)):
        return
    try:
        token, bearer = new_token(
            name=name.strip(),
            roles=_roles(role),
            account=account.strip(),
            now_ms=now_ms,
            expires_at_ms=None if days is None else now_ms + int(days * _DAY_MS),
        )
        msgspec.convert(msgspec.to_builtins(token), Token)
    except msgspec.ValidationError as error:
        raise typer.BadParameter(f"{error}: names and accounts have at most 256 characters") from error
    uvloop.run(_put(settings, [token]))
    Console(stderr=True).print(
        f"token {token.id} made; this is the only time it is shown. Send it as Authorization: Bearer …",
        highlight=False,
        soft_wrap=True,
    )
    sys.stdout.write(bearer + "\n")


@app.command("sign-in-link")
def sign_in_link(
    name: Annotated[str, typer.Argument(help="Whose token it signs in by: its id, or its name.")],
    *,
    role: Annotated[
        list[str] | None,
        typer.Option(help="Where there is no such token, make one with these roles.", show_default=False),
    ] = None,
    minutes: Annotated[float, typer.Option(min=0.1, max=60, help="How long the link is good.")] = 10.0,
    page: Annotated[str, typer.Option(help="Address of the page.")] = "http://127.0.0.1:8090",
) -> None:
    """Print a link that signs a browser in to the page, once. What it carries stands in no log of a server."""
    settings = settings_or_exit(ConsoleSettings, check=False)
    now_ms = time.time_ns() // 1_000_000
    token = _named(uvloop.run(_all(settings)).values(), name.strip(), now_ms)
    if token is None:
        if not role:
            raise typer.BadParameter(f"there is no token {name!r} that holds: see `clicktally tokens list`")
        token, _ = new_token(name=name.strip(), roles=_roles(role), now_ms=now_ms)
        uvloop.run(_put(settings, [token]))
    code, record = new_code(token.id, now_ms=now_ms, within_ms=int(minutes * _MINUTE_MS))
    uvloop.run(_send(settings, RECORDS, [(code_key(code), msgspec.json.encode(record))]))
    sys.stdout.write(f"{page.rstrip('/')}/sign-in#code={code}\n")


@app.command("list")
def list_() -> None:
    """List the tokens, revoked and expired ones too."""
    settings = settings_or_exit(ConsoleSettings, check=False)
    Console().print(_table(uvloop.run(_all(settings)).values(), now_ms=time.time_ns() // 1_000_000))


@app.command()
def revoke(ids: Annotated[list[str], typer.Argument(metavar="ID...", help="As `tokens list` shows them.")]) -> None:
    """Revoke tokens: within a second no host takes them any more."""
    settings = settings_or_exit(ConsoleSettings, check=False)
    known = uvloop.run(_all(settings))
    unknown = [identifier for identifier in ids if identifier not in known]
    if unknown:
        raise typer.BadParameter(f"there is no token {', '.join(unknown)}: see `clicktally tokens list`")
    now_ms = time.time_ns() // 1_000_000
    revoked = [
        msgspec.structs.replace(known[identifier], revoked_at_ms=now_ms)
        for identifier in dict.fromkeys(ids)
        if known[identifier].revoked_at_ms is None
    ]
    uvloop.run(_put(settings, revoked))
    for token in revoked:
        Console().print(f"revoked {token.id} ({token.name})", markup=False, highlight=False, soft_wrap=True)


def _named(tokens: Iterable[Token], name: str, now_ms: int) -> Token | None:
    """The token of this id; else the latest made of this name that holds."""
    fitting = [one for one in tokens if name in (one.id, one.name) and one.holds_at(now_ms)]
    return max(fitting, key=lambda one: (one.id == name, one.created_at_ms), default=None)


def _roles(names: list[str]) -> tuple[Role, ...]:
    unknown = [name for name in names if name not in ROLES]
    if unknown:
        raise typer.BadParameter(f"there is no role {', '.join(unknown)}: give one of {', '.join(ROLES)}")
    return tuple(role for role in ROLES if role in names)


def _table(tokens: Iterable[Token], *, now_ms: int) -> Table:
    table = Table("id", "name", "account", "roles", "made", "state")
    for token in sorted(tokens, key=lambda one: one.created_at_ms):
        table.add_row(
            token.id,
            token.name,
            token.account or "all",
            ", ".join(token.roles),
            _day(token.created_at_ms),
            _state(token, now_ms),
        )
    return table


def _state(token: Token, now_ms: int) -> str:
    if token.revoked_at_ms is not None:
        return f"revoked {_day(token.revoked_at_ms)}"
    if token.expires_at_ms is None:
        return "valid"
    return f"{'valid until' if token.holds_at(now_ms) else 'expired'} {_day(token.expires_at_ms)}"


def _day(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1000, UTC).date().isoformat()


async def _all(settings: ConsoleSettings) -> dict[str, Token]:
    return await read_latest(settings.kafka, TOKENS, Token, within_s=settings.deadline_s)


async def _put(settings: ConsoleSettings, tokens: list[Token]) -> None:
    await _send(settings, TOKENS, [(token.key, msgspec.json.encode(token)) for token in tokens])


async def _send(settings: ConsoleSettings, topic: str, records: list[tuple[str, bytes]]) -> None:
    producer = AIOKafkaProducer(**settings.kafka.arguments("tokens"), enable_idempotence=True, acks="all")
    try:
        await producer.start()
        for key, value in records:
            await producer.send_and_wait(topic, value, key=key.encode())
    except KafkaError as error:
        raise TransientError(f"Kafka at {settings.bootstrap_servers} took nothing: {error!r}") from error
    finally:
        await producer.stop()
