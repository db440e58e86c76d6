"""``python -m deploy.grafana``: write the dashboards' JSON anew."""

import json
from pathlib import Path

from deploy.grafana.builder import Dashboard
from deploy.grafana.operations import OPERATIONS
from deploy.grafana.product import PRODUCT

DIRECTORY = Path(__file__).parent / "dashboards"
DASHBOARDS: tuple[Dashboard, ...] = (PRODUCT, OPERATIONS)


def written(dashboard: Dashboard) -> str:
    """The text of its file, which is called by its uid."""
    return json.dumps(dashboard.json(), indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """One file a dashboard."""
    for dashboard in DASHBOARDS:
        (DIRECTORY / f"{dashboard.uid}.json").write_text(written(dashboard))


if __name__ == "__main__":
    main()
