"""What a client asks the engine for, and what it is told of how that went."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from deploy.local.clickhouse.access import Role
from deploy.local.clickhouse.external import ExternalTable
from deploy.local.clickhouse.running import Mark
from deploy.local.clickhouse.sessions import DEFAULT_TIMEOUT_S
from deploy.local.clickhouse.statement import Statement


@dataclass(frozen=True, slots=True)
class Request:
    """A statement with all that belongs to it; ``parameters`` without their ``param_``."""

    statement: Statement
    mark: Mark = field(default_factory=lambda: Mark(Role.WRITER, ""))
    rows: memoryview | bytes = b""
    settings: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    external: tuple[ExternalTable, ...] = ()
    database: str = ""
    default_format: str = "TabSeparated"
    must_read: bool = False
    session_id: str = ""
    session_timeout_s: float = DEFAULT_TIMEOUT_S
    session_must_exist: bool = False

    @property
    def output_format(self) -> str:
        """The format that the answer has."""
        return self.statement.output_format or self.default_format


@dataclass(slots=True)
class Progress:
    """What a statement read and wrote, for X-ClickHouse-Summary."""

    read_rows: int = 0
    read_bytes: int = 0
    written_rows: int = 0
    written_bytes: int = 0
    result_rows: int = 0
    result_bytes: int = 0
