"""The description of the API (OpenAPI 3.1), made from the table of operations and the types alone."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from console.api.operations import JSON, NDJSON, Answer, Operation
from console.api.problems import CONTENT_TYPE, ProblemDetails, about_problem

_REFS: Final = "#/components/schemas/{name}"
_IN_A_PATH: Final = re.compile(r"\{(\w+)(?::[^}]*)?\}")
_PATH_PARAMETERS: Final = {
    "share": "id of the share, as its list tells it",
    "domain": "host that serves the link, such as go.example",
    "slug": "slug of the link, percent-encoded, a slash as %2F; empty for the domain itself",
    "name": "name of the type of problem",
    "campaign": "name of the campaign, percent-encoded",
    "channel": "channel of the post, such as linkedin",
    "post": "name of the post, percent-encoded",
}
_OF_ANY: Final = ("bad-request", "failed", "unavailable")
_OF_A_TOKEN: Final = ("unauthorized", "forbidden", "too-many-requests")
_OF_A_BODY: Final = ("timeout", "too-large", "unsupported-media-type", "invalid")
_NO_REQUEST: Final = {
    "schema": {
        "type": "string",
        "description": "to what is no HTTP, or has a line of more than 32 kB",
    }
}
_LIMIT_HEADERS: Final = {
    "RateLimit": "how many more requests may follow at once",
    "RateLimit-Policy": "how many that are at most, and in how many seconds they come back",
}


def description(operations: Iterable[Operation]) -> dict[str, Any]:
    """The whole document."""
    table = tuple(operations)
    kinds = {kind for one in table for kind in _kinds(one)} | {ProblemDetails}
    ordered = sorted(kinds, key=lambda kind: kind.__name__)
    _, schemas = msgspec.json.schema_components(ordered, ref_template=_REFS)
    queries = {one.query.__name__ for one in table if one.query is not None}
    paths: dict[str, dict[str, Any]] = {}
    for one in table:
        path = _IN_A_PATH.sub(r"{\1}", one.path)
        paths.setdefault(path, {})[one.method.lower()] = _operation(one, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "clicktally console",
            "version": "1",
            "description": "Every error is a problem (RFC 9457): what is wrong, where, and what to do.",
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}, {"session": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "ct_…",
                    "description": "made by `clicktally tokens create`",
                },
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "clicktally-session",
                    "description": "of POST /v1/session; with https its name begins with __Host-. A change by it"
                    " needs the header Clicktally-Page: 1",
                },
            },
            "schemas": {name: schema for name, schema in sorted(schemas.items()) if name not in queries},
        },
    }


def _kinds(operation: Operation) -> set[Any]:
    kinds = {answer.kind for answer in operation.answers.values() if answer.kind is not None}
    return kinds | {kind for kind in (operation.query, operation.body) if kind is not None}


def _operation(operation: Operation, schemas: Mapping[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {"operationId": operation.name, "summary": operation.summary}
    if operation.about:
        described["description"] = operation.about
    if operation.role is None:
        described["security"] = []
    else:
        described["x-role"] = operation.role
    parameters = [_path_parameter(name) for name in _IN_A_PATH.findall(operation.path)]
    if operation.query is not None:
        parameters += _query_parameters(schemas[operation.query.__name__])
    parameters += [
        {"name": name, "in": "header", "required": False, "description": meaning, "schema": {"type": "string"}}
        for name, meaning in operation.headers.items()
    ]
    if parameters:
        described["parameters"] = parameters
    if operation.body is not None:
        schema = {"$ref": _REFS.format(name=operation.body.__name__)}
        described["requestBody"] = {
            "required": True,
            "content": {media: _content(media, schema) for media in operation.body_media},
        }
    if operation.file_media:
        described["requestBody"] = {
            "required": True,
            "content": {
                media: {"schema": {"type": "string", "format": "binary"}} for media in operation.file_media
            },
        }
    described["responses"] = _responses(operation)
    return described


def _path_parameter(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": _PATH_PARAMETERS[name],
        "schema": {"type": "string"},
    }


def _query_parameters(schema: Mapping[str, Any]) -> list[dict[str, Any]]:
    parameters = []
    needed = schema.get("required", [])
    for name, value in schema["properties"].items():
        of_value = dict(value)
        options = of_value.get("anyOf")
        if options is not None:  # what is not given is None here; nobody writes null in a query
            kept = [option for option in options if option != {"type": "null"}]
            of_value = of_value | kept[0] if len(kept) == 1 else of_value | {"anyOf": kept}
            if len(kept) == 1:
                del of_value["anyOf"]
        if of_value.get("default", "") is None:
            del of_value["default"]
        parameter = {"name": name, "in": "query", "required": name in needed, "schema": of_value}
        if meaning := of_value.pop("description", ""):
            parameter["description"] = meaning
        parameters.append(parameter)
    return parameters


def _responses(operation: Operation) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    limits = _LIMIT_HEADERS if operation.role is not None else {}
    for status, answer in operation.answers.items():
        responses[str(status)] = _answer(
            answer, limits if operation.method != "GET" or answer.media == (JSON,) else {}
        )
    names = [*_OF_ANY, *operation.problems]
    if operation.role is not None:
        names += _OF_A_TOKEN
    if operation.body is not None or operation.file_media:
        names += _OF_A_BODY
    for name in names:
        status, title = about_problem(name)
        known = responses.get(str(status))
        if known is not None:
            if title not in known["description"]:
                known["description"] += f"; or: {title}"
            continue
        responses[str(status)] = _problem(title)
        if name == "bad-request":
            responses[str(status)]["content"]["text/plain"] = dict(_NO_REQUEST)
    return dict(sorted(responses.items()))


def _problem(title: str) -> dict[str, Any]:
    return {
        "description": title,
        "content": {CONTENT_TYPE: {"schema": {"$ref": _REFS.format(name="ProblemDetails")}}},
    }


def _answer(answer: Answer, limits: Mapping[str, str]) -> dict[str, Any]:
    described: dict[str, Any] = {"description": answer.meaning}
    headers = {
        name: {"description": meaning, "schema": {"type": "string"}}
        for name, meaning in (*answer.headers.items(), *limits.items())
    }
    if headers:
        described["headers"] = headers
    if answer.media:
        schema = {} if answer.kind is None else _schema(answer.kind)
        described["content"] = {media: _content(media, schema) for media in answer.media}
    return described


def _schema(kind: Any) -> dict[str, Any]:
    return {"$ref": _REFS.format(name=kind.__name__)}


def _content(media: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """A stream of lines is a text to OpenAPI 3.1; what a line is stands beside it."""
    if media == JSON or media.endswith("+json"):
        return {"schema": dict(schema)}
    if media == NDJSON:
        return {"schema": {"type": "string"}, "x-line": dict(schema)}
    return {"schema": {"type": "string"}}
