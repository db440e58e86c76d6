"""From the doors to Kafka: platforms' totals and events of mail lie where all impressions of their link do."""

import asyncio
import json
import time
from typing import Any

import msgspec
from aiokafka.partitioner import DefaultPartitioner

from schemas.batches import SPOOL
from schemas.idempotency import is_key
from schemas.spool import spools
from schemas.topics import IMPRESSIONS
from tests.integration.relay.world import PARTITIONS, World, read_all, wait_for
from tests.integration.serve_process import post, running
from tests.tokens import AS_WRITER
from tests.unit.redirector.relay.outlets import Record
from tests.unit.redirector.serve.webhooks.providers import SENDGRID_PUBLIC, as_sendgrid


def lines_of(record: Record) -> list[dict[str, Any]]:
    return [msgspec.json.decode(line) for line in record.value.splitlines()]


def test_totals_and_mails_lie_in_the_partition_of_their_link_or_post_each_under_its_identity(world: World) -> None:
    now_s = int(time.time())
    rows = [
        {"platform": "bluesky", "post": "of-a-link", "total": 10, "link": "go.example/launch"},
        {"platform": "bluesky", "post": "of-no-link", "total": 20},
    ]
    event = {"event": "open", "sg_event_id": "e1", "timestamp": now_s, "link": "go.example/launch"}
    mail, signed = as_sendgrid([event, event | {"sg_event_id": "e2", "event": "delivered"}], signed_ms=now_s * 1000)
    with running(world.place, sendgrid_public_key=SENDGRID_PUBLIC) as serve, serve.connect() as client:
        client.send(post(json.dumps(rows).encode(), AS_WRITER, path="/v1/snapshots/rows"))
        assert json.loads(client.answer("POST").body)["accepted"] == 2
        for _ in range(2):
            headers = [f"{name}: {value}" for name, value in signed.items()]
            client.send(post(mail, *headers, path="/v1/webhooks/sendgrid"))
            assert json.loads(client.answer("POST").body)["accepted"] == 2
        assert serve.terminate() == 0
    world.writer.close()
    with world.relay():
        wait_for(lambda: not spools(world.place / "spool"), "the spools are drained")
    numbers = list(range(PARTITIONS))
    events: dict[str, list[dict[str, Any]]] = {"bluesky": [], "mail": []}
    for record in asyncio.run(read_all(world.broker.bootstrap)):
        for line in lines_of(record) if record.topic == IMPRESSIONS else ():
            of_mail = line["type"] == "impression" and line.get("kind") in ("rendered", "platform")
            if line.get("platform") == "bluesky" or (of_mail and is_key(line.get("spool", ""))):
                key = line.get("link") or f"{line['platform']}:{line['post']}"
                assert record.partition == DefaultPartitioner()(key.encode(), numbers, numbers)
                events["mail" if of_mail else "bluesky"].append(line)
                assert of_mail or SPOOL in dict(record.headers)
    assert sorted((line["post"], line["total"]) for line in events["bluesky"]) == [
        ("of-a-link", 10),
        ("of-no-link", 20),
    ]
    assert len(events["mail"]) == 4
    assert len({(line["spool"], line["seq"]) for line in events["mail"]}) == 2
