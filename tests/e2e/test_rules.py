"""From a link with variants and rules, made by API, to clicks told apart in ClickHouse."""

import asyncio
import io
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import zxingcpp
from aiokafka import AIOKafkaProducer
from PIL import Image

from deploy.local.processes import Kafka
from schemas.rules import EXPIRED
from schemas.topics import TOKENS
from tests.e2e.pipeline import HOST, Pipeline
from tests.integration.console_process import ConsoleProcess
from tests.integration.serve_process import Client, get
from tests.integration.streams import wait_for
from tests.looking import wait_for_a_day_of
from tests.tokens import token

VISITORS = 40
OWN, B, FRENCH = "https://example.com/", "https://example.com/b?x=1#there", "https://example.com/fr"
SPLIT: dict[str, Any] = {
    "domain": HOST,
    "slug": "split",
    "destination": OWN,
    "variants": [{"name": "b", "destination": B}],
    "rules": [{"name": "french", "destination": FRENCH, "languages": ["fr"]}],
    "pass_query": True,
    "utm_source": "news",
}
OVER = {
    "domain": HOST,
    "slug": "over",
    "destination": OWN,
    "expires_at": "2026-01-01T00:00:00Z",
    "expired_destination": "https://example.com/over",
    "click_id_parameter": "ct_click",
}
LED_TO = {"0": f"{OWN}?utm_source=news", "1": "https://example.com/b?x=1&utm_source=news#there"}


def agent(number: int) -> str:
    """A browser like no other, so that it is a visitor of its own."""
    return (
        f"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:{100 + number}.0) Gecko/20100101 Firefox/{100 + number}.0"
    )


def led_to(pipeline: Pipeline, path: str, *headers: str) -> str:
    """Where a GET is led, by whichever of the processes gets it."""
    with Client(pipeline.port) as client:
        client.send(get(path, *headers))
        return client.answer("GET").headers["location"]


async def allow(bootstrap: str) -> None:
    """A token that may all of this."""
    caller = token(1, "links:read", "links:write", "reports:read")
    async with AIOKafkaProducer(bootstrap_servers=bootstrap) as producer:
        await producer.send_and_wait(TOKENS, msgspec.json.encode(caller), key=caller.key.encode())


def test_visitors_are_split_by_rules_and_weights_and_told_apart(
    tmp_path: Path, pipeline: Pipeline, broker: Kafka
) -> None:
    worker = pipeline.streams.start()
    asyncio.run(allow(broker.bootstrap))
    database = pipeline.streams.http
    clickhouse = f"{database.url}/{database.database}"
    wait_for_a_day_of()  # visitors have other numbers on the next, by which they are split
    with ConsoleProcess(
        tmp_path / "console",
        broker,
        "rules",
        served_within_s=60,
        redirector_url=f"http://127.0.0.1:{pipeline.port}",
        clickhouse_url=clickhouse,
    ) as console:
        for body in (SPLIT, OVER):
            made = console.ask("POST", "/v1/links", body)
            assert (made.status, made.headers["Clicktally-Served"]) == (201, "yes"), made.body
        path = f"/v1/links/{HOST}/split"

        first = [led_to(pipeline, "/split", agent(number)) for number in range(VISITORS)]
        assert [led_to(pipeline, "/split", agent(number)) for number in range(VISITORS)] == first
        expected = Counter({number: 2 * first.count(url) for number, url in LED_TO.items()})
        assert min(expected.values()) > 0
        assert expected.total() == 2 * VISITORS

        assert led_to(pipeline, "/split?a=%20b&utm_source=me", agent(98), "Accept-Language: fr-CA,en") == (
            f"{FRENCH}?a=%20b&utm_source=me"
        )
        told, _, click_id = led_to(pipeline, "/over?ct_click=mine", agent(1)).rpartition("=")
        assert told == f"{OVER['expired_destination']}?ct_click"
        answer = console.ask("GET", f"{path}/answer?language=fr&ua=curl/8.5.0&dnt=true").json
        assert answer["location"] == f"{FRENCH}?utm_source=news"
        counted_as = answer["counted_as"]
        assert (counted_as["traffic_class"], counted_as["reason"]) == ("bot", "user_agent"), counted_as
        assert not counted_as["recognized"]
        rules = counted_as["rules"]

        picture = console.ask("GET", f"{path}/qr?format=png")
        assert picture.headers["Content-Type"] == "image/png"
        code = zxingcpp.read_barcode(Image.open(io.BytesIO(picture.body)).convert("L"))
        assert code is not None
        address = urlsplit(code.text)
        assert (address.scheme, address.netloc) == ("https", HOST)
        scanned = led_to(pipeline, f"{address.path}?{address.query}", agent(99), "Accept-Language: fr")
        assert scanned == f"{FRENCH}?utm_source=news"

        # A renamed variant stays the same destination, with its visitors.
        renamed = {"variants": [{"name": "blue", "destination": B, "number": 1}]}
        assert console.ask("PATCH", path, renamed).status == 200
        assert [led_to(pipeline, "/split", agent(number)) for number in range(VISITORS)] == first
        expected.update({number: first.count(url) for number, url in LED_TO.items()})
        expected["2"] = 2

        def reported() -> list[dict[str, Any]]:
            return list(console.ask("GET", f"/v1/reports/destinations?link={HOST}/split").json["rows"])

        def clicks() -> Counter[str]:
            return Counter({str(row["destination"]): row["gross_clicks"] for row in reported()})

        wait_for(lambda: clicks() == expected, "every click is told with its destination", [worker])
        # The link's new version goes its own way into ClickHouse, behind clicks or before them.
        wait_for(lambda: "blue" in {row["name"] for row in reported()}, "its variant has the new name", [worker])
        rows = reported()
        assert [(row["destination"], row["name"], row["kind"], row["scans"]) for row in rows] == [
            (0, "", "own", 0),
            (1, "blue", "variant", 0),
            (2, "french", "rule", 1),
        ]
        assert [row["expected_share"] for row in rows] == [0.5, 0.5, None]
        assert sum(row["visitors"] for row in rows[:2]) == VISITORS
        assert not rows[0]["sample_ratio_mismatch"]
        # 65535 says that the link had ended.
        assert pipeline.streams.http.rows(
            f"SELECT link, click_id, rules FROM events FINAL WHERE destination = {EXPIRED}"
        ) == [[f"{HOST}/over", click_id, str(rules)]]
