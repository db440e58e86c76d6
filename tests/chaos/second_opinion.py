"""What the product's own audit says of the same tables, told beside the recount."""

import json
import os
import subprocess
import sys

from deploy.local.processes import REPOSITORY
from tests.chaos.stack import Stack

_WITHIN_S = 180.0


def product_audit(stack: Stack) -> list[str]:
    """Severity, check and name of what `clicktally audit` finds beyond what is well, each once.

    Gaps by retention are among them: they are losses, told.
    """
    env = {
        "CLICKTALLY_CONSOLE_BOOTSTRAP_SERVERS": stack.bootstrap,
        "CLICKTALLY_CONSOLE_CLICKHOUSE_URL": f"{stack.clickhouse_url}/clicktally",
    }
    command = [sys.executable, "-m", "console", "audit", "--json"]
    try:
        with (stack.logs / "audit.log").open("wb") as words:
            ended = subprocess.run(
                command,
                cwd=REPOSITORY,
                env=os.environ | env,
                stdout=subprocess.PIPE,
                stderr=words,
                timeout=_WITHIN_S,
                check=False,
            ).stdout
        (stack.logs / "audit.json").write_bytes(ended)
        findings = json.loads(ended)["findings"]
    except (subprocess.TimeoutExpired, ValueError, KeyError) as error:
        return [f"none: {error!r}"]
    return sorted(
        {" ".join((one["severity"], one["check"], one["name"])) for one in findings if one["severity"] != "ok"}
    )
