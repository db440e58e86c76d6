"""A relay ends when it is told to, and otherwise never without a word."""

import asyncio
import logging
import os
import signal
from pathlib import Path

import pytest

from redirector.relay import service
from redirector.relay.settings import RelaySettings


def settings(spool_dir: Path) -> RelaySettings:
    """Of a relay that reaches no Kafka."""
    return RelaySettings(
        spool_dir=spool_dir,
        link_cache_dir=spool_dir / "cache",
        bootstrap_servers="127.0.0.1:1",
        metrics_host="127.0.0.1",
        metrics_port=0,
    )


async def cancelled(*_: object) -> None:
    """As aiokafka once ended whoever closed a consumer."""
    await asyncio.sleep(0)
    raise asyncio.CancelledError


async def failing(*_: object) -> None:
    await asyncio.sleep(0)
    raise RuntimeError("a bug")


async def returning(*_: object) -> None:
    await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("ends", "how"),
    [(cancelled, "was cancelled, and not by us"), (failing, "failed"), (returning, "came to its end")],
)
async def test_a_part_that_ends_by_itself_ends_the_relay_with_status_1_and_a_reason(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    ends: object,
    how: str,
) -> None:
    monkeypatch.setattr(service, "follow_topics", ends)
    with pytest.raises(SystemExit) as ended:
        await service.run(settings(tmp_path))
    assert ended.value.code == 1
    (said,) = [one.getMessage() for one in caplog.records if one.levelno == logging.CRITICAL]
    assert said == f"following {how}; ending, to be started anew"


async def test_told_to_stop_it_ends_without_a_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def following(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.Event().wait()

    monkeypatch.setattr(service, "follow_topics", following)
    await service.run(settings(tmp_path))
    assert [
        one for one in caplog.records if one.levelno >= logging.ERROR and one.name.startswith("redirector")
    ] == []
