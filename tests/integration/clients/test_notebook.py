"""docs/notebook.ipynb, run cell by cell by a kernel of its own, as the reader."""

import urllib.parse
from collections.abc import Callable

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode

from deploy.local.processes import REPOSITORY
from tests.integration.clickhouse_http import Http
from tests.integration.counted import run_sql


def committed() -> NotebookNode:
    read: Callable[..., NotebookNode] = nbformat.read  # it has no types
    return read(REPOSITORY / "docs" / "notebook.ipynb", as_version=4)


def test_the_notebook_runs_and_draws_a_chart(reader: Http, counted: Http, monkeypatch: pytest.MonkeyPatch) -> None:
    run_sql(
        counted,
        "INSERT INTO counters (kind, link, window_start, class, clicks)"
        " VALUES (0, 'go.example/a', now() - INTERVAL 1 DAY, 'human', 7)",
    )
    where = urllib.parse.urlsplit(reader.url)
    monkeypatch.setenv("CLICKTALLY_URL", f"http://{reader.user}@{where.netloc}/{reader.database}")
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    notebook = committed()
    NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    texts = [output["data"]["text/plain"] for output in outputs if "text/plain" in output.get("data", {})]
    assert any("image/png" in output.get("data", {}) for output in outputs)
    assert any("spring" in text and "not enough data yet" in text for text in texts)
    assert any("7" in text and "clicks" in text for text in texts)


def test_the_notebook_is_committed_without_anybodys_outputs() -> None:
    notebook = committed()
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert len(code) >= 4
    assert [cell for cell in code if cell.outputs or cell.execution_count] == []
