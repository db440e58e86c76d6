"""The alert rules: promtool's own tests, and that every metric and every runbook they name exists."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.local.processes import REPOSITORY

PROMETHEUS = REPOSITORY / "deploy/prometheus"
RULES = PROMETHEUS / "rules/clicktally.yml"
TESTS = sorted((PROMETHEUS / "tests").glob("*.yml"))

needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="no promtool: install Debian's package prometheus"
)


def alerts() -> list[dict[str, Any]]:
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def promtool(*arguments: str | Path) -> str:
    """What it says. Raises AssertionError when it is not content."""
    done = subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@needs_promtool
def test_the_rules_are_valid() -> None:
    promtool("check", "rules", RULES)


@needs_promtool
@pytest.mark.parametrize("file", TESTS, ids=lambda file: file.stem)
def test_alerts_fire_on_their_faults_and_not_in_health(file: Path) -> None:
    promtool("test", "rules", file)


@needs_promtool
@pytest.mark.parametrize(
    ("fine", "wrong"),
    [
        ("values: '0x80 6x160'", "values: '0+4x240'"),
        ("values: '1000000x240'", "values: '7000000000x240'"),
    ],
)
def test_the_test_of_health_would_notice_an_alert(tmp_path: Path, fine: str, wrong: str) -> None:
    health = (PROMETHEUS / "tests/health.yml").read_text()
    assert fine in health
    (tmp_path / "health.yml").write_text(health.replace(fine, wrong).replace("../rules", str(RULES.parent)))
    with pytest.raises(AssertionError, match="FAILED"):
        promtool("test", "rules", tmp_path / "health.yml")


def test_every_alert_is_tested() -> None:
    tested = yaml.safe_load((PROMETHEUS / "tests/faults.yml").read_text())["tests"]
    assert [test["name"] for test in tested] == [alert["alert"] for alert in alerts()]


def test_every_metric_of_a_rule_is_described() -> None:
    described = set(
        re.findall(r"^\| `(clicktally_\w+)`", (REPOSITORY / "docs/metrics.md").read_text(), re.MULTILINE)
    )
    used = {name for alert in alerts() for name in re.findall(r"clicktally_\w+", alert["expr"])}
    assert used
    assert used - described == set()


def test_every_alert_names_a_runbook_that_names_the_alert() -> None:
    for alert in alerts():
        runbook = REPOSITORY / alert["annotations"]["runbook"]
        assert runbook.is_file(), alert["alert"]
        assert alert["alert"] in runbook.read_text(), (alert["alert"], runbook)
