"""The page's types are those of the API."""

from typing import Any

from console.api.openapi import description
from console.api.table import table
from console.api.typescript import FILE, typescript


def test_the_types_of_the_page_are_current() -> None:
    assert FILE.read_text("utf-8") == typescript(description(table())), "run `make page-types`"


def written(schema: dict[str, Any]) -> str:
    """How a member of this schema is written."""
    document = {
        "components": {"schemas": {"One": {"type": "object", "properties": {"member": schema}}}},
        "paths": {},
    }
    return typescript(document).partition("member?: ")[2].partition("\n")[0]


def test_each_schema_that_the_api_uses_has_its_type() -> None:
    assert written({"type": "string", "maxLength": 3}) == "string"
    assert written({"type": "integer"}) == "number"
    assert written({"anyOf": [{"type": "number"}, {"type": "null"}]}) == "number | null"
    assert written({"anyOf": [{"type": "integer"}, {"type": "number"}]}) == "number"
    assert written({"enum": ["a", 1]}) == '"a" | 1'
    assert written({"type": "array", "items": {"$ref": "#/components/schemas/One"}}) == "One[]"
    assert written({"type": "array", "items": {"enum": ["a", "b"]}}) == '("a" | "b")[]'
    assert written({"type": "object", "additionalProperties": {"type": "string"}}) == "Record<string, string>"
    assert written({}) == "unknown"


def test_an_operation_says_what_it_takes_and_gives() -> None:
    document = {
        "components": {"schemas": {}},
        "paths": {
            "/v1/things/{name}": {
                "patch": {
                    "operationId": "change",
                    "parameters": [
                        {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}},
                        {"name": "limit", "in": "query", "required": False, "schema": {"type": "integer"}},
                        {"name": "If-Match", "in": "header", "required": False, "schema": {"type": "string"}},
                    ],
                    "requestBody": {
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Patch"}}}
                    },
                    "responses": {
                        "200": {
                            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}
                        },
                        "204": {},
                        "404": {"content": {"application/problem+json": {"schema": {}}}},
                    },
                }
            }
        },
    }
    text = typescript(document)
    assert "  change: { path: { name: string }; query: { limit?: number }; body: Patch; answer: Thing }\n" in text
    assert '  change: { method: "PATCH", path: "/v1/things/{name}" },\n' in text
