"""Who may do what, told to the engine itself: users.xml, roles, and a ``default`` database that is no directory.

chDB opens every connection as its user ``default``. Here that user owns nothing but roles, and each connection
takes the one that its client has (``SET ROLE``). The roles have no grant on any source (file, url, s3, remote, …)
nor on table engines that reach out of the data directory, so the engine refuses those itself, wherever they stand.
What grants do not cover is left to `guard`.
"""

import uuid
from enum import StrEnum
from pathlib import Path
from xml.sax.saxutils import escape

from deploy.local.settings import LocalSettings


class Role(StrEnum):
    """What a client may do; the values are the engine's names of the roles."""

    WRITER = "writing"
    READER = "reading"
    # Only for the moment in which the front puts a request's external tables into place.
    BRINGER = "bringing"


# Engines whose tables live in the data directory or in memory.
TABLE_ENGINES = (
    "MergeTree", "ReplacingMergeTree", "SummingMergeTree", "AggregatingMergeTree", "CollapsingMergeTree",
    "VersionedCollapsingMergeTree", "CoalescingMergeTree", "GraphiteMergeTree", "Memory", "Log", "TinyLog",
    "StripeLog", "Null", "View", "MaterializedView", "Merge", "Buffer", "Join", "Set", "Dictionary", "Alias",
    "GenerateRandom",
)  # fmt: skip
_SYSTEM_COMMANDS = (
    "MERGES", "TTL MERGES", "MOVES", "FLUSH", "DROP CACHE", "RELOAD", "CLEANUP", "WAIT LOADING PARTS",
    "LOAD PRIMARY KEY", "UNLOAD PRIMARY KEY",
)  # fmt: skip
_GRANTS = {
    Role.WRITER: [
        "GRANT SELECT, INSERT, ALTER, CREATE, DROP, UNDROP TABLE, TRUNCATE, OPTIMIZE, SHOW, CHECK, dictGet ON *.*",
        *(f"GRANT SYSTEM {command} ON *.*" for command in _SYSTEM_COMMANDS),
        *(f"GRANT TABLE ENGINE ON {engine}" for engine in TABLE_ENGINES),
    ],
    Role.READER: ["GRANT SELECT, SHOW, dictGet ON *.*"],
    Role.BRINGER: ["GRANT CREATE TEMPORARY TABLE ON *.*"],
}
# Settings that name a file of the host, and the table function that runs text as a query.
_HOST_SETTINGS = (
    "format_schema", "format_schema_source", "format_schema_message_name", "output_format_schema",
    "format_template_row", "format_template_resultset", "input_format_record_errors_file_path",
    "rename_files_after_processing", "allow_experimental_eval_table_function",
)  # fmt: skip


def limits(settings: LocalSettings) -> dict[str, str]:
    """The reader's limits: what each query of theirs is SET to, and may only make narrower."""
    return {
        "max_execution_time": str(settings.clickhouse_reader_max_execution_s),
        "max_memory_usage": str(settings.clickhouse_reader_max_memory_bytes),
        "max_result_rows": str(settings.clickhouse_reader_max_result_rows),
        "max_result_bytes": str(settings.clickhouse_reader_max_result_bytes),
    }


def configure(directory: Path, settings: LocalSettings) -> str:
    """Write the engine's configuration below ``directory``; gives the connection string's part that names it."""
    access = directory / "access"
    access.mkdir(parents=True, exist_ok=True)
    (access / "users.xml").write_text(_users(settings))
    (access / "config.xml").write_text(
        f"<clickhouse><users_config>{escape(str(access / 'users.xml'))}</users_config>"
        # No database of that name is made for us: chDB's own is laid over the host's file system, so that a
        # table's name there may be a path. See own_default_database.
        "<default_database></default_database><database>default</database></clickhouse>"
    )
    return f"config-file={access / 'config.xml'}"


def own_default_database(store: Path) -> None:
    """Make sure that the ``default`` database is a plain one; what an earlier version put there stays."""
    metadata = store / "metadata"
    metadata.mkdir(parents=True, exist_ok=True)
    if not (metadata / "default.sql").exists():
        tables = metadata / "default"
        name = tables.readlink().name if tables.is_symlink() else str(uuid.uuid4())
        (metadata / "default.sql").write_text(f"ATTACH DATABASE _ UUID '{name}'\nENGINE = Atomic\n")


def _users(settings: LocalSettings) -> str:
    const = "".join(f"<{name}><const/></{name}>" for name in _HOST_SETTINGS)
    narrower = "".join(
        f"<{name}><min>1</min><max>{most}</max></{name}>" for name, most in limits(settings).items() if most != "0"
    )
    roles = "".join(
        f"<{role}><grants>{''.join(f'<query>{grant}</query>' for grant in grants)}</grants></{role}>"
        for role, grants in _GRANTS.items()
    )
    return (
        "<clickhouse><profiles>"
        f"<default><constraints>{const}</constraints></default>"
        f"<reader><constraints>{const}{narrower}</constraints></reader>"
        "</profiles><quotas><default/></quotas>"
        f"<roles>{roles}</roles>"
        "<users><default><password></password><networks><ip>::/0</ip></networks><profile>default</profile>"
        f"<quota>default</quota><grants><query>GRANT {', '.join(_GRANTS)}</query></grants></default></users>"
        "</clickhouse>"
    )
