"""Hosts that meet over the topic, with clocks of their own and Kafka away at times."""

import random

import msgspec
import pytest

from redirector.visitor_key.agreement import SEND_AGAIN_MS, Agreed, next_step, read_agreed
from redirector.visitor_key.day_key import DAY_MS, DayKey, day_of, encode
from schemas.topics import VISITOR_KEYS_RETENTION_MS

NOW_MS = 20_000 * DAY_MS + 1000
TODAY = day_of(NOW_MS)
OWN = DayKey(day=TODAY, key=bytes(32))
OTHER = DayKey(day=TODAY, key=bytes(range(32)))


class Host:
    """What is on its disk, and how its clock is off."""

    def __init__(self, patience: float) -> None:
        self.key: DayKey | None = None
        self.patience = patience
        self.ahead_ms = 0

    def numbers_with(self, now_ms: int) -> DayKey:
        day = day_of(now_ms + self.ahead_ms)
        self.key = DayKey.random(day) if self.key is None else self.key.on(day)
        return self.key


class Topic:
    """The broker, its clock right; what it retains."""

    def __init__(self) -> None:
        self.records: list[tuple[bytes, int]] = []
        self.up = True

    def last(self, now_ms: int) -> Agreed | None:
        self.records = [one for one in self.records if now_ms - one[1] < VISITOR_KEYS_RETENTION_MS]
        agreed = None
        for value, sent_ms in self.records:
            try:
                agreed = read_agreed(value, sent_ms)
            except msgspec.DecodeError:
                continue
        return agreed


def share(host: Host, topic: Topic, now_ms: int) -> None:
    """What a relay does in a minute."""
    for _ in range(2):
        own = host.numbers_with(now_ms)
        if not topic.up:
            return
        step = next_step(topic.last(now_ms), own, now_ms + host.ahead_ms, host.patience)
        if step is not None and step.kind == "send":
            topic.records.append((encode(step.key), now_ms))
        elif step is not None:
            host.key = step.key


@pytest.mark.parametrize("seed", range(40))
def test_hosts_that_met_once_agree_ever_after_whatever_becomes_of_kafka_and_of_each_of_them(seed: int) -> None:
    chosen = random.Random(seed)
    topic, hosts = Topic(), [Host(chosen.random()) for _ in range(3)]
    now_ms = NOW_MS
    for host in [*hosts, *hosts]:
        share(host, topic, now_ms)
    for minute in range(4 * 24 * 60):
        now_ms += 60_000
        if chosen.random() < 0.002:
            topic.up = not topic.up
        if topic.up and chosen.random() < 0.002 and len(hosts) < 8:
            hosts.append(Host(chosen.random()))  # a new host, before it answers anybody
            share(hosts[-1], topic, now_ms)
        for host in hosts:
            if chosen.random() < 0.9:
                share(host, topic, now_ms)
        if minute % 60 == 0:
            assert len({host.numbers_with(now_ms) for host in hosts}) == 1, minute


@pytest.mark.parametrize("ahead", [2 * DAY_MS, 4000 * DAY_MS])
def test_a_clock_that_runs_ahead_leads_nobody_along_and_its_host_finds_back(ahead: int) -> None:
    topic, hosts = Topic(), [Host(0.1), Host(0.5)]
    for host in [*hosts, *hosts]:
        share(host, topic, NOW_MS)
    hosts[0].ahead_ms = ahead
    for minute in range(180):
        for host in hosts:
            share(host, topic, NOW_MS + minute * 60_000)
    hosts[0].ahead_ms = 0
    now_ms = NOW_MS + 181 * 60_000
    for host in hosts:
        share(host, topic, now_ms)
    assert hosts[0].numbers_with(now_ms) == hosts[1].numbers_with(now_ms)
    assert hosts[1].numbers_with(now_ms).day == TODAY


def test_who_finds_another_key_uses_it_and_who_finds_none_sends_its_own() -> None:
    used = next_step(Agreed(OTHER, NOW_MS), OWN, NOW_MS, 0.0)
    sent = next_step(None, OWN, NOW_MS, 0.0)
    assert used is not None
    assert (used.kind, used.key) == ("use", OTHER)
    assert sent is not None
    assert (sent.kind, sent.key) == ("send", OWN)
    assert next_step(Agreed(OWN, NOW_MS), OWN, NOW_MS, 0.0) is None


@pytest.mark.parametrize(("patience", "again_ms"), [(0.0, SEND_AGAIN_MS), (1.0, SEND_AGAIN_MS * 3 // 2)])
def test_a_key_is_sent_again_before_the_topic_forgets_it(patience: float, again_ms: int) -> None:
    assert again_ms < VISITOR_KEYS_RETENTION_MS
    agreed = Agreed(OWN, NOW_MS)
    assert next_step(agreed, OWN, NOW_MS + again_ms - 1, patience) is None
    assert next_step(agreed, OWN, NOW_MS + again_ms, patience) is not None


def test_yesterdays_key_is_followed_by_todays_in_the_topic() -> None:
    step = next_step(Agreed(OWN, NOW_MS), OWN.on(TODAY + 1), NOW_MS + DAY_MS, 1.0)
    assert step is not None
    assert (step.kind, step.key) == ("send", OWN.on(TODAY + 1))


@pytest.mark.parametrize(
    ("day", "taken"), [(TODAY - 2, False), (TODAY - 1, True), (TODAY, True), (TODAY + 1, False)]
)
def test_a_record_says_the_brokers_day_or_the_one_before(day: int, taken: bool) -> None:
    value = encode(DayKey(day=day, key=bytes(32)))
    if taken:
        assert read_agreed(value, NOW_MS).key.day == day
    else:
        with pytest.raises(msgspec.DecodeError, match="the broker's"):
            read_agreed(value, NOW_MS)
    with pytest.raises(msgspec.DecodeError):
        read_agreed(None, NOW_MS)
