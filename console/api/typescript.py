"""`python -m console.api.typescript`: write the API's types for the page, from its description alone.

A schema becomes an interface, an operation an entry of `Operations` (what it takes and gives) and of `operations`
(its method and path). `make page-types` after a change of the API.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from console.api.openapi import description
from console.api.operations import JSON
from console.api.table import table

FILE: Final = Path(__file__).parents[1] / "page" / "src" / "api" / "types.ts"
_HEAD: Final = "// Made by `make page-types` from the description of the API; a test holds that it is current.\n"
_SIMPLE: Final = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}


def typescript(document: Mapping[str, Any]) -> str:
    """The module of a description (OpenAPI 3.1)."""
    interfaces = [
        f"export interface {name} {_members(schema)}\n"
        for name, schema in document["components"]["schemas"].items()
        if schema.get("type") == "object"
    ]
    operations = [
        (operation["operationId"], method.upper(), path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    taken = "".join(f"  {name}: {_operation(operation)}\n" for name, _, _, operation in operations)
    places = "".join(
        f'  {name}: {{ method: "{method}", path: "{path}" }},\n' for name, method, path, _ in operations
    )
    return "\n".join(
        (
            _HEAD,
            *interfaces,
            f"export interface Operations {{\n{taken}}}\n",
            f"export const operations = {{\n{places}}} as const\n",
        )
    )


def _members(schema: Mapping[str, Any]) -> str:
    needed = schema.get("required", [])
    members = [
        f"  {name}{'' if name in needed else '?'}: {_type(of_member)}\n"
        for name, of_member in schema["properties"].items()
    ]
    return f"{{\n{''.join(members)}}}"


def _type(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "enum" in schema:
        return " | ".join(map(_literal, schema["enum"]))
    if "anyOf" in schema:
        return " | ".join(dict.fromkeys(map(_type, schema["anyOf"])))
    if schema.get("type") == "array":
        item = _type(schema["items"]) if "items" in schema else "unknown"
        return f"({item})[]" if "|" in item else f"{item}[]"
    if isinstance(schema.get("additionalProperties"), Mapping):
        return f"Record<string, {_type(schema['additionalProperties'])}>"
    return _SIMPLE.get(schema.get("type", ""), "unknown")


def _literal(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


def _operation(operation: Mapping[str, Any]) -> str:
    """Of an answer that is no JSON, its text."""
    named: dict[str, list[str]] = {"path": [], "query": []}
    for parameter in operation.get("parameters", ()):
        if parameter["in"] in named:
            mark = "" if parameter["required"] else "?"
            named[parameter["in"]].append(f"{parameter['name']}{mark}: {_type(parameter['schema'])}")
    body = "undefined"
    for media, content in operation.get("requestBody", {}).get("content", {}).items():
        body = _type(content["schema"]) if media.endswith("json") else "string"
    answers = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
    kinds = dict.fromkeys(
        _type(content["schema"]) if media == JSON else "string"
        for answer in answers
        for media, content in list(answer.get("content", {}).items())[:1]
    )
    fields = [f"{place}: {{ {'; '.join(one)} }}" if one else f"{place}: object" for place, one in named.items()]
    return f"{{ {'; '.join(fields)}; body: {body}; answer: {' | '.join(kinds) or 'undefined'} }}"


def main() -> None:
    """Write the file and name it."""
    FILE.write_text(typescript(description(table())), "utf-8")
    sys.stdout.write(f"{FILE}\n")


if __name__ == "__main__":
    main()
