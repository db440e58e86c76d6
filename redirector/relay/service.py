"""The relay as a process: `run` is what `python -m redirector relay` calls."""

from redirector.relay.settings import RelaySettings


async def run(settings: RelaySettings) -> None:
    """Ship spools and follow links until SIGTERM or SIGINT."""
    raise NotImplementedError(settings)
