"""`python -m schemas.json_schemas`: write the JSON Schemas of what travels, for producers in other languages.

They lie in schemas/json/ and are made from the types alone; `make schemas` after changing one.
"""

import json
import sys
from pathlib import Path
from typing import Any, Final

import msgspec

from schemas.events import Click, Impression
from schemas.links import Link
from schemas.snapshots import Snapshot

DIRECTORY: Final = Path(__file__).with_name("json")

_DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
_TYPES: Final[dict[str, type[msgspec.Struct]]] = {
    "click": Click,
    "impression": Impression,
    "snapshot": Snapshot,
    "link": Link,
}


def json_schemas() -> dict[str, str]:
    """The content of each file of schemas/json/, by its name."""
    return {f"{name}.json": _document(name, kind) for name, kind in _TYPES.items()}


def _document(name: str, kind: type[msgspec.Struct]) -> str:
    (body,), components = msgspec.json.schema_components([kind], ref_template="#/$defs/{name}")
    document: dict[str, Any] = {"$schema": _DRAFT, "$id": f"{name}.json", **body, "$defs": components}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Write the files and name them."""
    DIRECTORY.mkdir(exist_ok=True)
    for name, content in json_schemas().items():
        (DIRECTORY / name).write_text(content, "utf-8")
        sys.stdout.write(f"{DIRECTORY / name}\n")


if __name__ == "__main__":
    main()
