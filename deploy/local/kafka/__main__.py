"""``python -m deploy.local.kafka``: the embedded broker in the foreground."""

import sys

from deploy.local.kafka.broker import become_broker
from deploy.local.settings import LocalSettings
from deploy.local.setup import SetupError, ensure_ready
from schemas.settings import settings_or_exit


def main() -> None:
    """Fetch what is missing, then become the broker."""
    settings = settings_or_exit(LocalSettings, check="--check" in sys.argv[1:])
    try:
        ensure_ready(settings)
    except SetupError as error:
        sys.exit(f"kafka: {error}")
    become_broker(settings)


if __name__ == "__main__":
    main()
