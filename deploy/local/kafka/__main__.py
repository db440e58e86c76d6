"""``python -m deploy.local.kafka``: the embedded broker in the foreground."""

from deploy.local.kafka.broker import become_broker
from deploy.local.settings import LocalSettings
from deploy.local.setup import ensure_ready


def main() -> None:
    """Fetch what is missing, then become the broker."""
    settings = LocalSettings()
    ensure_ready(settings)
    become_broker(settings)


if __name__ == "__main__":
    main()
