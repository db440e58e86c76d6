"""Every setting and every metric is documented, and nothing is documented that does not exist."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from console.api.metrics import ApiMetrics
from console.api.settings import ApiSettings
from console.poll.metrics import PollMetrics
from console.poll.settings import PollSettings
from console.settings import ConsoleSettings
from deploy.local.settings import LocalSettings
from deploy.local.stack.settings import RunSettings
from redirector.relay.metrics import RelayMetrics
from redirector.relay.settings import RelaySettings
from redirector.serve.counts import Counts
from redirector.serve.latency import Latency
from redirector.serve.metrics import ServeCollector
from redirector.serve.settings import ServeSettings
from schemas.clickhouse.settings import ClickHouseSettings
from schemas.kafka import KafkaSettings
from schemas.settings import ServiceSettings
from stream.metrics import StreamMetrics
from stream.settings import StreamSettings
from stream.tables.metrics import MatcherMetrics, TablesMetrics, breakdown_metrics, link_day_metrics
from stream.tables.settings import TablesSettings

REPOSITORY = Path(__file__).resolve().parents[3]
DOCS = REPOSITORY / "docs"
PAGES = [
    *(REPOSITORY / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")),
    *sorted(DOCS.rglob("*.md")),
]
SETTINGS: list[type[ServiceSettings]] = [
    ServeSettings,
    RelaySettings,
    StreamSettings,
    TablesSettings,
    ApiSettings,
    ConsoleSettings,
    PollSettings,
    RunSettings,
    LocalSettings,
]


def table(page: str, heading: str | None = None) -> dict[str, list[str]]:
    """The rows of a page's tables, or of one section's, by their first cell in backquotes."""
    if heading is not None:
        page = page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    rows = (re.split(r"(?<!\\)\|", line)[1:-1] for line in page.splitlines() if line.startswith("| `"))
    return {cells[0].strip().strip("`"): [cell.strip() for cell in cells[1:]] for cells in rows}


def shown(value: object) -> str:
    """A default as the page shows it."""
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    text = ",".join(value) if isinstance(value, tuple) else str(value)
    return f"`{text}`" if text and value is not None else ""


@pytest.mark.parametrize("kind", SETTINGS, ids=lambda kind: kind.__name__)
def test_every_setting_is_documented_with_its_default(kind: type[ServiceSettings]) -> None:
    prefix = kind.model_config["env_prefix"]
    page = (DOCS / "settings.md").read_text()
    documented = {name: cells[0] for name, cells in table(page).items() if name.startswith(prefix)}
    for shared, heading in ((KafkaSettings, "Kafka"), (ClickHouseSettings, "ClickHouse")):
        if issubclass(kind, shared):
            documented |= {name.replace("…_", prefix): cells[0] for name, cells in table(page, heading).items()}
    fields = {prefix + name.upper(): shown(field.default) for name, field in kind.model_fields.items()}
    assert documented == fields, "bring docs/settings.md up to date"


def test_every_setting_has_a_meaning() -> None:
    assert [name for name, cells in table((DOCS / "settings.md").read_text()).items() if not cells[1]] == []


def exported(registry: CollectorRegistry) -> dict[str, str]:
    """The metrics of a registry as Prometheus names them, with their types."""
    return {
        metric.name + ("_total" if metric.type == "counter" else ""): metric.type for metric in registry.collect()
    }


def serve_registry() -> CollectorRegistry:
    registry = CollectorRegistry()
    ServeCollector(
        Counts(), latency=Latency(), open_connections=int, spool_used_bytes=int, spool_cap_bytes=0
    ).register(registry)
    return registry


def relay_registry() -> CollectorRegistry:
    return RelayMetrics(CollectorRegistry()).registry


def stream_registry() -> CollectorRegistry:
    registry = CollectorRegistry()
    StreamMetrics(registry)
    return registry


def poll_registry() -> CollectorRegistry:
    registry = CollectorRegistry()
    PollMetrics(registry)
    return registry


def tables_registry() -> CollectorRegistry:
    registry = CollectorRegistry()
    TablesMetrics(registry)
    MatcherMetrics(registry)
    breakdown_metrics(registry)
    link_day_metrics(registry)
    return registry


def api_registry() -> CollectorRegistry:
    return ApiMetrics(CollectorRegistry()).registry


@pytest.mark.parametrize(
    ("service", "registry"),
    [
        ("serve", serve_registry),
        ("relay", relay_registry),
        ("stream", stream_registry),
        ("tables", tables_registry),
        ("api", api_registry),
        ("poll", poll_registry),
    ],
)
def test_every_metric_is_documented_with_its_type(service: str, registry: Callable[[], CollectorRegistry]) -> None:
    documented = {name: cells[0] for name, cells in table((DOCS / "metrics.md").read_text(), service).items()}
    assert documented == exported(registry()), f"bring section {service} of docs/metrics.md up to date"


def test_every_test_that_the_security_page_names_exists() -> None:
    named = set(re.findall(r"`(test_\w+)`", (DOCS / "security.md").read_text()))
    defined = {
        name
        for path in (REPOSITORY / "tests").rglob("test_*.py")
        for name in re.findall(r"^\s*(?:async )?def (test_\w+)\(", path.read_text(), re.MULTILINE)
    }
    assert len(named) > 20
    assert named - defined == set(), "name the tests of docs/security.md as they are called"


def linked(page: str) -> set[str]:
    """The targets of a page's links, in their brackets."""
    return set(re.findall(r"\([^()\s]+\)", page))


def test_every_page_and_decision_is_in_the_index() -> None:
    index = (DOCS / "README.md").read_text()
    pages = [path.relative_to(DOCS) for path in DOCS.rglob("*.md") if path.name != "README.md"]
    missing = [
        page for page in pages if not {f"({page.as_posix()})", f"({page.parent.as_posix()}/)"} & linked(index)
    ]
    assert missing == [], "link each page, or its folder, in docs/README.md"


def test_decisions_are_numbered_without_twins_and_the_index_has_each_by_its_title() -> None:
    files = sorted((DOCS / "adr").glob("*.md"))
    assert [int(file.name[:4]) for file in files] == list(range(1, len(files) + 1))
    titles = {file.name: file.read_text().partition("\n")[0].removeprefix("# ") for file in files}
    index = (DOCS / "README.md").read_text()
    assert [name for name, title in titles.items() if f"\n- [{title}](adr/{name})\n" not in index] == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_links_between_pages_lead_somewhere(path: Path) -> None:
    wrong = []
    for target, heading in re.findall(r"\]\(([^)#:]*)(?:#([^)]*))?\)", path.read_text()):
        there = path.parent / target if target else path
        if not there.exists() or (heading and there.suffix == ".md" and heading not in anchors(there)):
            wrong.append(f"{target}#{heading}")
    assert wrong == []


def anchors(page: Path) -> set[str]:
    """What links may name in a page: its headings, as GitHub writes them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_every_command_of_a_page_exists(page: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):.*##", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))
    used = set(re.findall(r"\bmake ([a-z]+(?:-[a-z]+)*)(?![a-z…-])", (REPOSITORY / page).read_text()))
    assert len(used) > 4
    assert used - targets == set()


def test_every_file_that_the_contributor_is_sent_to_exists() -> None:
    named = set(re.findall(r"`([\w-]+(?:/[\w.-]+)+)`", (REPOSITORY / "CONTRIBUTING.md").read_text()))
    assert len(named) > 10
    assert [name for name in sorted(named) if not (REPOSITORY / name).exists()] == []
