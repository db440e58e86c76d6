"""The API keeps to its own description: schemathesis asks everything that it says, and more that it does not."""

import asyncio
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from deploy.local.processes import Kafka
from tests.integration.console_process import ConsoleProcess
from tests.integration.test_api import CALLERS, prepare
from tests.tokens import bearer_of

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = 10


@schemathesis.serializer("application/x-ndjson", "image/png", "image/jpeg")
def as_lines(_: Any, value: Any) -> Any:
    return value if isinstance(value, bytes) else str(value).encode()


@pytest.fixture(scope="module")
def console(kafka: Kafka, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleProcess]:
    asyncio.run(prepare(kafka, CALLERS))
    with ConsoleProcess(tmp_path_factory.mktemp("described"), kafka, f"described-{uuid.uuid4().hex}") as one:
        yield one


def ask_everything(operation: schemathesis.APIOperation[Any, Any, Any, Any], mode: GenerationMode) -> None:
    """Requests as the description allows them, or as it does not."""

    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(headers={"Authorization": f"Bearer {bearer_of(1)}"}, checks=CHECKS)

    ask()


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_no_answer_is_a_fault_or_undocumented(console: ConsoleProcess, mode: GenerationMode) -> None:
    schema = schemathesis.openapi.from_url(f"http://127.0.0.1:{console.port}/v1/openapi.json")
    requested = []
    for operation_result in schema.get_all_operations():
        operation: Any = operation_result.ok()  # type: ignore[union-attr] # a fault would fail here, too
        if operation.path == "/v1/live":
            continue  # an answer that does not end
        if mode is GenerationMode.NEGATIVE and not (operation.query or operation.headers or operation.body):
            continue  # there is nothing that the description could forbid
        ask_everything(operation, mode)
        requested.append(operation.label)
    assert len(requested) >= 9
