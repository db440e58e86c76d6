"""The accounts that pollers speak for: a TOML file, or the same text in a variable. Secrets stay SecretStr.

[[x]]
name = "acme"
token_file = "/run/secrets/x"      # or token = "…"
user_id = "12345"                  # also poll this account's own posts
"""

import tomllib
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

import pydantic
from pydantic import BaseModel, ConfigDict, Field, SecretStr

Id = Annotated[str, Field(pattern=r"^[\w-]{1,64}$")]
Number = Annotated[str, Field(pattern=r"^[0-9]{1,32}$")]


class AccountsError(ValueError):
    """The accounts cannot be used; the message says where, why and what to do. It has no secret in it."""


class Account(BaseModel):
    """What every account has. `name` is for messages and the state, and what links' profiles are compared with."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: Annotated[str, Field(min_length=1, max_length=128)]
    account: Annotated[str, Field(max_length=256)] = ""
    """Clicktally's account that the posts belong to."""
    profile: Annotated[str, Field(max_length=256)] = ""

    def secrets(self) -> tuple[str, ...]:
        """What may be in no message."""
        return tuple(
            value.get_secret_value()
            for _, value in self
            if isinstance(value, SecretStr) and value.get_secret_value()
        )


class TokenAccount(Account):
    """An account with a bearer token, or the file that holds it: that is read anew each round."""

    token: SecretStr = SecretStr("")
    token_file: Path | None = None

    @pydantic.model_validator(mode="after")
    def _one_token(self) -> Self:
        if bool(self.token.get_secret_value()) == bool(self.token_file):
            raise ValueError("needs token or token_file, one of them")
        return self

    def bearer(self) -> SecretStr:
        """The token as it is now. Raises AccountsError."""
        if self.token_file is None:
            return self.token
        try:
            text = self.token_file.read_text("utf-8").strip()
        except (OSError, ValueError) as error:
            raise AccountsError(f"token_file {self.token_file} cannot be read: {error}") from error
        if not text or not text.isascii() or not text.isprintable() or " " in text:
            raise AccountsError(f"token_file {self.token_file} should hold the token alone")
        return SecretStr(text)


class XAccount(TokenAccount):
    """`user_id`: the account's own posts too. `owner`: the token is that user's, and sees clicks for 30 days."""

    user_id: Number | None = None
    owner: bool = False


class LinkedInAccount(TokenAccount):
    """A page, by its organization's number; without, the member whom the token is of."""

    organization: Number | None = None


class FacebookAccount(TokenAccount):
    """A page, by its number; the token is the page's."""

    page: Number


class InstagramAccount(TokenAccount):
    """A professional account, by its number."""

    user_id: Id = "me"


class ThreadsAccount(TokenAccount):
    """A profile."""

    user_id: Id = "me"


class YouTubeAccount(TokenAccount):
    """`token` is an API key. `channel`: all uploads of it."""

    channel: Annotated[str, Field(pattern=r"^UC[\w-]{22}$")] | None = None


class TikTokAccount(TokenAccount):
    """A user's token; the videos are that user's."""


class PinterestAccount(TokenAccount):
    """A user's token; the pins are that user's."""


class GoogleAdsAccount(Account):
    """An ads account. `login_customer`: the manager account that the user reaches it by."""

    customer: Number
    login_customer: Number | None = None
    client_id: Annotated[str, Field(min_length=1)]
    client_secret: SecretStr
    refresh_token: SecretStr
    developer_token: SecretStr = SecretStr("")
    method: Literal["searchStream", "search"] = "searchStream"


KINDS: Final[dict[str, type[Account]]] = {
    "x": XAccount,
    "linkedin": LinkedInAccount,
    "facebook": FacebookAccount,
    "instagram": InstagramAccount,
    "threads": ThreadsAccount,
    "youtube": YouTubeAccount,
    "tiktok": TikTokAccount,
    "pinterest": PinterestAccount,
    "google-ads": GoogleAdsAccount,
}


def read_accounts(text: str, where: str) -> dict[str, list[Account]]:
    """The accounts by platform. Raises AccountsError, naming `where` and the entry."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        # The message of the parser quotes no more than a character.
        raise AccountsError(f"{where} is no TOML: {error}") from None
    unknown = sorted(tables.keys() - KINDS.keys())
    if unknown:
        raise AccountsError(f"{where}: there is no poller for {unknown[0]!r}: known are {', '.join(KINDS)}")
    return {platform: _accounts(platform, entries, where) for platform, entries in tables.items()}


def _accounts(platform: str, entries: Any, where: str) -> list[Account]:
    if not isinstance(entries, list):
        raise AccountsError(f"{where}: {platform} should be a list: write [[{platform}]] with two brackets")
    accounts: list[Account] = []
    for place, entry in enumerate(entries, 1):
        try:
            account = KINDS[platform].model_validate(entry)
        except pydantic.ValidationError as error:
            wrong = "; ".join(
                f"{'.'.join(map(str, one['loc']))}: {one['msg']}" if one["loc"] else one["msg"]
                for one in error.errors(include_input=False, include_url=False)
            )
            raise AccountsError(f"{where}: [[{platform}]] number {place}: {wrong}") from None
        if any(account.name == other.name for other in accounts):
            raise AccountsError(f"{where}: two accounts of {platform} are called {account.name!r}")
        accounts.append(account)
    return accounts
