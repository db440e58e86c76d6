"""How every service reads its settings: from the environment, once, whole or not at all."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Self, TypeVar

import pydantic
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

CommaSeparated = Annotated[
    tuple[str, ...],
    pydantic.BeforeValidator(
        lambda text: (
            tuple(part.strip() for part in text.split(",") if part.strip()) if isinstance(text, str) else text
        )
    ),
    NoDecode,  # pydantic-settings would read it as JSON
]
"""A list in one variable: `a,b, c`."""

OptionalFile = Annotated[Path | None, pydantic.BeforeValidator(lambda text: text or None)]
"""A file's path; an empty variable names none."""


class SettingsError(Exception):
    """The settings cannot be used; the message names each variable and what is wrong with it."""


class ServiceSettings(BaseSettings):
    """Settings of one service, named `<prefix><FIELD>`. A variable with the prefix and no field is an error."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid")

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Read the settings from the environment. Raises SettingsError."""
        source = os.environ if environ is None else environ
        prefix = cls.model_config["env_prefix"]
        given = {name: value for name, value in source.items() if name.upper().startswith(prefix)}
        fields = {prefix + field.upper(): field for field in cls.model_fields}
        unknown = sorted(name for name in given if name.upper() not in fields)
        if unknown:
            raise SettingsError(f"unknown {', '.join(unknown)}: known are {', '.join(sorted(fields))}")
        try:
            return cls.model_validate_strings({fields[name.upper()]: value for name, value in given.items()})
        except pydantic.ValidationError as error:
            wrong = "; ".join(
                f"{prefix}{'.'.join(str(part) for part in one['loc']).upper()}: {one['msg']}"
                if one["loc"]
                else one["msg"]  # several together: the message names them
                for one in error.errors()
            )
            raise SettingsError(wrong) from error

    def describe(self) -> str:
        """The effective settings, a line each, secrets masked."""
        prefix = self.model_config["env_prefix"]
        return "\n".join(f"{prefix}{name.upper()}={value}" for name, value in self)


Settings = TypeVar("Settings", bound=ServiceSettings)


def settings_or_exit(kind: type[Settings], *, check: bool) -> Settings:
    """The settings of a `__main__`. Exits with 2 when they are wrong; with 0, after printing them, on `check`."""
    try:
        settings = kind.load()
    except SettingsError as error:
        sys.stderr.write(f"settings: {error}\n")
        raise SystemExit(2) from error
    if check:
        sys.stdout.write(settings.describe() + "\n")
        raise SystemExit(0)
    return settings
