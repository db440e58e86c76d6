"""`serve` as a process: what it keeps when it is killed, filled up, doubled, stopped or not ready."""

import json
import stat
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from deploy.local.ports import free_port
from redirector.cache.writer import CacheWriter
from redirector.serve.visitors import Visitors
from redirector.visitor_key.day_key import DAY_MS, DayKey
from redirector.visitor_key.host_key import HostKey
from schemas.links import Link
from tests.integration.serve_process import (
    DEADLINE_S,
    Client,
    ConnectionClosedError,
    Serve,
    answered,
    get,
    post,
    running,
    spool_lines,
    wait_for,
    write_links,
)
from tests.tokens import AS_WRITER
from tests.unit.redirector.serve.mmdb import CITY, write_mmdb


def impressions(
    serve: Serve, body: Any, *headers: str, path: str = "/v1/impressions", authorization: str = AS_WRITER
) -> tuple[int, Any]:
    """Post with a token, or without for an empty `authorization`; the status and what the answer says."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = answered(serve, post(raw, *headers, *filter(None, [authorization]), path=path), "POST")
    return answer.status, json.loads(answer.body)


def clicks_until_closed(client: Client, number: int) -> int:
    """Click with a user agent of one's own each time; how many were answered."""
    done = 0
    try:
        while True:
            client.send(get("/launch", f"User-Agent: {number}-{done}"))
            assert client.answer().status == 302
            done += 1
    except (ConnectionClosedError, ConnectionError):
        return done
    finally:
        client.socket.close()


def test_every_answered_redirect_has_its_line_after_a_kill(serve: Serve, tmp_path: Path) -> None:
    clients = [serve.connect() for _ in range(8)]
    with ThreadPoolExecutor(len(clients)) as pool:
        running_clients = [pool.submit(clicks_until_closed, client, n) for n, client in enumerate(clients)]
        wait_for(lambda: len(spool_lines(tmp_path / "spool")) > 500)
        serve.kill()
        done = [one.result() for one in running_clients]
    events = serve.events()
    kept = Counter(event["ua"] for event in events)
    assert set(kept.values()) == {1}
    assert all(kept[f"{n}-{number}"] == 1 for n, count in enumerate(done) for number in range(count))
    assert len(kept) - sum(done) <= len(clients)  # appended, killed before the answer
    seqs = [event["seq"] for event in events]
    assert seqs == sorted(set(seqs))


def test_seqs_rise_when_both_lanes_write(serve: Serve) -> None:
    with serve.connect() as fast, serve.connect() as other:
        for _ in range(50):
            fast.send(get() * 3)
            other.send(post(b'{"link": "go.example/launch", "kind": "rendered"}') + get())
            assert [fast.answer().status for _ in range(3)] == [302] * 3
            assert [other.answer("POST").status, other.answer().status] == [202, 302]
    seqs = [event["seq"] for event in serve.events()]
    assert len(seqs) == 250
    assert seqs == sorted(set(seqs))


def test_an_event_holds_what_the_request_said(serve: Serve, tmp_path: Path) -> None:
    answered(
        serve, get("/launch", "User-Agent: Mozilla/5.0", "Referer: https://a.example/p?q=1#f", "Purpose: prefetch")
    )
    answered(serve, get("/launch", "User-Agent: Mozilla/5.0", "DNT: 1"))
    answered(serve, get("/launch", "User-Agent: Mozilla/5.0", "X-Forwarded-For: 203.0.113.9"))
    first, silent, third = serve.events()
    assert first["ua"] == "Mozilla/5.0"
    assert (first["referrer"], first["purpose"]) == ("https://a.example/p", "prefetch")
    assert 0 < first["visitor"] < 2**53
    assert first["visitor"] == third["visitor"]  # nobody trusts the loopback here
    assert "visitor" not in silent
    assert all(b"127.0.0.1" not in line and b"203.0.113" not in line for line in spool_lines(tmp_path / "spool"))
    assert stat.S_IMODE((tmp_path / "spool" / "visitor-key").stat().st_mode) == 0o600


def test_a_trusted_proxy_tells_who_the_visitor_is(tmp_path: Path, fast_lane: bool) -> None:
    with running(tmp_path, fast_lane=fast_lane, trusted_proxies="127.0.0.0/8,10.0.0.0/8") as serve:
        for chain in ("203.0.113.9", "198.51.100.1, 203.0.113.9, 10.1.1.1", "203.0.113.8", "203.0.113.9"):
            answered(serve, get("/launch", f"X-Forwarded-For: {chain}"))
        answered(serve, get("/launch"))
        one, same, other, again, proxy = (event["visitor"] for event in serve.events())
    assert one == same == again
    assert len({one, other, proxy}) == 3


def test_another_hosts_key_is_used_by_a_running_process(serve: Serve) -> None:
    answered(serve, get("/launch", "User-Agent: same"))
    today = time.time_ns() // 1_000_000 // DAY_MS
    key = DayKey(day=today, key=bytes(32))
    HostKey(serve.spool_dir).replace(key)
    number = Visitors(key).number("127.0.0.1", "same", today * DAY_MS)

    def is_used() -> bool:
        answered(serve, get("/launch", "User-Agent: same"))
        return bool(serve.events()[-1]["visitor"] == number)

    wait_for(is_used)
    assert serve.events()[0]["visitor"] != number


def test_who_asks_by_the_operators_parameter_has_no_number_and_the_parameter_is_not_kept(
    tmp_path: Path, fast_lane: bool
) -> None:
    with running(tmp_path, fast_lane=fast_lane, opt_out_parameter="notrack") as serve:
        for query in ("notrack=1", "a=1&notrack", "notrack=0", "xnotrack=1", ""):
            assert answered(serve, get(f"/launch?{query}")).status == 302
        assert ["visitor" in event for event in serve.events()] == [False, False, True, True, True]
        assert b"notrack" not in b"".join(spool_lines(tmp_path / "spool"))


def test_two_processes_share_port_and_visitors(tmp_path: Path) -> None:
    port = free_port()
    with running(tmp_path, port=port) as one, Serve(tmp_path, port=port) as two:

        def both_have_served() -> bool:
            assert answered(one, get("/launch", "User-Agent: same")).status == 302
            return all(process.scrape()["events_appended_total"] > 0 for process in (one, two))

        wait_for(both_have_served)
        assert len({event["visitor"] for event in one.events()}) == 1
        before = len(one.events())
        assert two.terminate() == 0
        for _ in range(20):
            assert answered(one, get()).status == 302
        assert len(one.events()) == before + 20


def test_a_full_spool_redirects_and_says_that_it_does_not_count(tmp_path: Path, fast_lane: bool) -> None:
    with running(tmp_path, fast_lane=fast_lane, cap_bytes=2000, segment_bytes=1000) as serve:
        with serve.connect() as client:
            statuses = []
            for _ in range(100):
                client.send(get())
                statuses.append(client.answer())
        assert {answer.status for answer in statuses} == {302}
        assert {answer.headers.get("clicktally-counted", "yes") for answer in statuses} == {"yes", "no"}
        counted = sum("clicktally-counted" not in answer.headers for answer in statuses)
        assert counted == len(serve.events())
        assert answered(serve, get("/i/launch.gif")).headers["clicktally-counted"] == "no"
        assert "clicktally-counted" not in answered(serve, get("/nope")).headers
        status, problem = impressions(serve, [{"link": "go.example/launch", "kind": "rendered"}] * 3)
        assert (status, "nothing was kept" in problem["error"]) == (503, True)
        assert counted == len(serve.events())
        metrics = serve.scrape()
        assert metrics['dropped_total{reason="spool_full"}'] == 101 - counted
        assert metrics['dropped_total{reason="refused"}'] == 3
        assert metrics["events_received_total"] == 104
        assert metrics["spool_used_bytes"] <= metrics["spool_cap_bytes"] == 2000
        assert answered(serve, get("/readyz")).status == 200


def test_impressions_are_taken_item_by_item(serve: Serve) -> None:
    an_hour_ago_ms = int(time.time() * 1000) - 3_600_000
    body = [
        {"link": "go.example/launch", "kind": "rendered", "count": 3, "time_ms": an_hour_ago_ms},
        {"domain": "GO.example", "slug": "a/b c", "kind": "viewable", "source": "beacon"},
        {"link": "go.example/nope", "kind": "rendered"},
        {"link": "go.example/launch", "kind": "seen"},
        {"kind": "rendered"},
    ]
    status, answer = impressions(serve, body, "User-Agent: Page")
    assert status == 202
    assert answer["accepted"] == 2
    assert [one["index"] for one in answer["rejected"]] == [2, 3, 4]
    first, second = serve.events()
    assert (first["link"], first["source"], first["count"]) == ("go.example/launch", "api", 3)
    assert first["time_ms"] == an_hour_ago_ms
    assert "ua" not in first
    assert (second["link"], second["source"], second["ua"]) == ("go.example/a/b c", "beacon", "Page")
    metrics = serve.scrape()
    assert (metrics["items_accepted_total"], metrics["items_rejected_total"]) == (2, 3)


def test_a_beacon_may_send_one_object_as_text(serve: Serve) -> None:
    body = b'{"link": "go.example/launch", "kind": "viewable"}'
    assert impressions(serve, body, "Content-Type: text/plain", path="/v1/impressions?source=beacon")[0] == 202
    assert serve.events()[0]["source"] == "beacon"
    assert impressions(serve, body, path="/v1/impressions?source=tv")[0] == 400


@pytest.mark.parametrize("body", [b"", b"nonsense", b"[1,", b'{"link":'])
def test_a_body_that_is_no_json_is_400(serve: Serve, body: bytes) -> None:
    status, problem = impressions(serve, body)
    assert (status, "error" in problem) == (400, True)
    assert serve.events() == []


def test_too_many_items_are_refused_as_a_whole(tmp_path: Path) -> None:
    with running(tmp_path, max_items=2) as serve:
        status, problem = impressions(serve, [{"link": "go.example/launch", "kind": "rendered"}] * 3)
        assert (status, "at most 2" in problem["error"]) == (413, True)
        assert serve.events() == []


def test_a_ring_of_links_is_answered_508_and_not_counted(serve: Serve) -> None:
    assert answered(serve, get("/ring")).status == 508
    assert answered(serve, get("/launch")).status == 302
    assert [event["link"] for event in serve.events()] == ["go.example/launch"]
    assert serve.scrape()['requests_total{outcome="loop"}'] == 1


def test_a_changed_link_is_served_soon(serve: Serve, tmp_path: Path) -> None:
    assert answered(serve, get()).headers["location"] == "https://example.com/launch?utm_source=x"
    write_links(
        tmp_path / "links", [Link(domain="go.example", slug="launch", destination="https://example.com/new")]
    )
    wait_for(lambda: answered(serve, get()).headers["location"] == "https://example.com/new")
    writer = CacheWriter.open(tmp_path / "links")
    writer.table("links").apply([(b"go.example/launch", None)], next_offset=None, ready=True, now_s=0)
    writer.close()
    wait_for(lambda: answered(serve, get()).status == 404)


def test_it_is_ready_once_the_links_were_read(tmp_path: Path, fast_lane: bool) -> None:
    with Serve(tmp_path, fast_lane=fast_lane) as serve:
        assert answered(serve, get("/healthz")).status == 200
        answer = answered(serve, get("/readyz"))
        assert (answer.status, b"link cache" in answer.body) == (503, True)
        write_links(tmp_path / "links")
        wait_for(lambda: answered(serve, get("/readyz")).status == 200)
        assert answered(serve, get()).status == 302


def test_no_link_is_unknown_before_all_were_read(tmp_path: Path, fast_lane: bool) -> None:
    item = b'{"link": "go.example/spring", "kind": "viewable"}'
    with Serve(tmp_path, fast_lane=fast_lane) as serve:
        for request in (get("/spring"), post(item)):
            answer = answered(serve, request)
            assert (answer.status, answer.headers["retry-after"]) == (503, "1")
        write_links(tmp_path / "links", ready=False)
        assert answered(serve, get("/nowhere")).status == 503
        write_links(tmp_path / "links")
        wait_for(lambda: answered(serve, get("/nowhere")).status == 404)


def test_words_that_are_no_text_come_back_in_the_refusal(serve: Serve) -> None:
    expecting = post(b"[]").replace(b"\r\n", b"\r\nExpect: 10\x81-continue\r\n", 1)
    of_somewhere = post(b"[]").replace(b" HTTP", b"?source=be%ffacon HTTP", 1)
    for request, status in ((expecting, 417), (of_somewhere, 400)):
        answer = answered(serve, request, "POST")
        assert (answer.status, list(json.loads(answer.body))) == (status, ["error"])


def test_an_address_is_kept_as_country_region_and_class_of_network_and_its_files_may_change(
    tmp_path: Path, fast_lane: bool
) -> None:
    places, office = write_mmdb(tmp_path / "city.mmdb", CITY), tmp_path / "office.txt"
    office.write_text("192.0.2.7\n")
    with running(
        tmp_path,
        fast_lane=fast_lane,
        trusted_proxies="127.0.0.1",
        places_file=places,
        network_lists=f"office={office}",
        address_files_refresh_s=0.05,
    ) as serve:
        answered(serve, get("/launch", "X-Forwarded-For: 192.0.2.7"))
        answered(serve, get("/launch", "X-Forwarded-For: 2001:db8::9"))
        answered(serve, get("/launch"))
        first, second, third = serve.events()
        assert (first["country"], first["region"], first["network"]) == ("DE", "BY", "office")
        assert second["country"] == "US"
        assert not {"country", "region", "network"} & third.keys()
        assert not any(
            address in line for line in spool_lines(serve.spool_dir) for address in (b"192.0.2", b"2001:")
        )

        office.write_text("192.0.2.8\n")
        write_mmdb(places, {"192.0.2.0/24": {"country_code": "IT"}})

        def is_read_anew() -> bool:
            answered(serve, get("/launch", "X-Forwarded-For: 192.0.2.8"))
            event = serve.events()[-1]
            return (event["country"], event.get("network")) == ("IT", "office")

        wait_for(is_read_anew)


def test_a_list_of_networks_with_a_bad_line_is_named_at_the_start(tmp_path: Path) -> None:
    office = tmp_path / "office.txt"
    office.write_text("192.0.2.7\nour office\n")
    process = Serve(tmp_path, network_lists=f"office={office}")
    assert process.child.wait(DEADLINE_S) == 1


def test_one_client_more_than_there_is_room_for_is_told_so_and_comes_in_later(
    tmp_path: Path, fast_lane: bool
) -> None:
    with running(tmp_path, fast_lane=fast_lane, max_connections=2) as serve:
        wait_for(lambda: serve.scrape()["connections"] == 0)
        first, second = serve.connect(), serve.connect()
        for client in (first, second):
            client.send(get())
            assert client.answer().status == 302
        with serve.connect() as third:
            third.send(get())
            answer = third.answer()
            assert (answer.status, answer.headers["retry-after"], answer.headers["connection"]) == (
                503,
                "1",
                "close",
            )
            assert third.is_closed()
        assert serve.scrape()["connections_refused_total"] == 1
        first.socket.close()
        wait_for(lambda: serve.scrape()["connections"] == 1)
        assert answered(serve, get()).status == 302
        second.socket.close()
        assert len(serve.events()) == 3


def test_a_click_keeps_what_its_request_said(tmp_path: Path, fast_lane: bool) -> None:
    offices = tmp_path / "offices.txt"
    offices.write_text("203.0.113.0/24  # ours\n")
    with running(
        tmp_path,
        fast_lane=fast_lane,
        trusted_proxies="127.0.0.0/8",
        country_header="CF-IPCountry",
        network_lists=f"office={offices}",
    ) as serve:
        raw = get(
            "/launch?utm_source=news+letter&utm_content=%C3%BC&qr=1",
            "X-Forwarded-For: 203.0.113.9",
            "CF-IPCountry: de",
            "Accept-Language: de-AT, en",
            "User-Agent: x",
        )
        assert answered(serve, raw).status == 302
        (event,) = serve.events()
        assert len(event.pop("click_id")) == 12
        assert event.pop("visitor") > 0
        assert event.pop("time_ms") > 0
        assert event == {
            "type": "click",
            "link": "go.example/launch",
            "seq": 1,
            "ua": "x",
            "country": "DE",
            "language": "de-at",
            "network": "office",
            "utm_source": "news letter",
            "utm_content": "ü",
            "scan": 1,
        }
