"""What a flush's events say besides their fields: device, system, browser, and who sent the visitor."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from stream.columns import SOURCES, Ints
from stream.enrich.agents import APPS, UNKNOWN, Device
from stream.enrich.enricher import Enricher
from stream.enrich.referrers import ASTRAY, Source
from stream.judged import TURN, Coded, Judged, coded_column, combined, narrowest
from stream.turns import Turns, at_once

_REPORTED_SOURCES: Final = [SOURCES.index("api"), SOURCES.index("platform")]


@dataclass(frozen=True, slots=True)
class Enriched:
    """Row r, in the order of the log, is of devices[agents[r]] and of sources[referrers[r]].

    `number` is that of what gave them.
    """

    agents: Ints
    devices: list[Device]
    referrers: Ints
    sources: list[Source]
    number: int

    def columns(self, order: Ints) -> Iterator[tuple[str, pa.DictionaryArray]]:
        """The columns of `events` that hold it, by their names, the rows in this order."""
        agents, referrers = self.agents[order], self.referrers[order]
        yield "device", _looked_up([one.device for one in self.devices], agents)
        yield "os", _looked_up([one.os for one in self.devices], agents)
        yield "browser", _looked_up([one.browser for one in self.devices], agents)
        yield "referrer_source", _looked_up([one.source for one in self.sources], referrers)
        yield "referrer_medium", _looked_up([one.medium for one in self.sources], referrers)
        yield "referrer_host", _looked_up([one.host for one in self.sources], referrers)


def enrich(judged: Judged, enricher: Enricher) -> Enriched:
    """Ask once for each different user agent and referrer."""
    return at_once(enriching(judged, enricher))


def enriching(judged: Judged, enricher: Enricher) -> Turns[Enriched]:
    """`enrich` in turns, each of few agents or referrers never seen before, as `judging` has them.

    What somebody only reports was displayed to others: of them nothing is known.
    """
    agents, fresh = judged.coded["ua"], 0
    devices: list[Device] = []
    for ua in agents.texts.to_pylist():
        known = enricher.agents.known(ua)
        if known is None:
            known = enricher.agents.device(ua)
            fresh += 1
            if fresh % TURN == 0:
                yield
        devices.append(known)
    places, distinct = combined(coded_column(judged.columns, "referrer"), _apps(devices, agents.codes))
    sources: list[Source] = []
    for referrer, app in distinct:
        known_source = enricher.referrers.known(referrer, app)
        if known_source is None:
            known_source = enricher.referrers.source(referrer, app)
            fresh += 1
            if fresh % TURN == 0:
                yield
        sources.append(known_source)
    agent_codes = agents.codes
    reported = np.isin(judged.columns.number("source"), _REPORTED_SOURCES)
    if reported.any():
        agent_codes, places = (
            np.where(reported, len(devices), agent_codes),
            np.where(reported, len(sources), places),
        )
    devices.append(Device(UNKNOWN, UNKNOWN, UNKNOWN))
    sources.append(ASTRAY)
    return Enriched(agent_codes, devices, places, sources, enricher.number)


def _apps(devices: list[Device], agents: Ints) -> Coded:
    """The browser's name where it is an app's own."""
    names = [device.browser if device.browser in APPS else "" for device in devices]
    texts = list(dict.fromkeys(names))
    codes = np.array([texts.index(name) for name in names], np.int64)
    return Coded(codes[agents] if len(texts) > 1 else np.zeros(len(agents), np.int64), pa.array(texts, pa.string()))


def _looked_up(values: list[str], places: Ints) -> pa.DictionaryArray:
    """values[place] for each of the places, as Arrow sends what repeats."""
    codes: dict[str, int] = {}
    for value in values:
        codes.setdefault(value, len(codes))
    of_place = np.array([codes[value] for value in values], narrowest(len(codes)))
    return pa.DictionaryArray.from_arrays(of_place[places], pa.array(codes, pa.string()))
