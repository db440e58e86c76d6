"""Labelled user agents of other people's packages."""

import gzip
import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import yaml

from bench.agents.packages import unpacked
from stream.agents.lists import lines_of

Label = Literal["bot", "person", "app"]

_DISPUTED: Final = [
    line.split(" ", 1) for line in lines_of(Path(__file__).with_name("disputed.txt").read_text("utf-8"))
]
_LIKE_A_BROWSER: Final = re.compile(r"^(?:Mozilla|Opera)/\d.*(?:Gecko|WebKit|Trident|MSIE|KHTML|Presto)")
_PROGRAMS: Final = ("podcasting", "mobile_apps", "mediaplayer", "clienthints-app")
"""Matomo's samples of programs: people use them, and many of them click by themselves."""


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """Agents with their weights: shares of traffic where they are known, else 1.

    `app`: programs of people that are no browser, and that a name alone does not tell from a bot; shown, and in no
    goal. `held_out`: nobody looked at what was misjudged in it while rules were written.
    """

    name: str
    label: Label
    agents: Mapping[str, float]
    held_out: bool = False


def corpora() -> Iterator[Corpus]:
    """Every corpus, without what is disputed."""
    place = unpacked()
    for corpus in (*_npm(place / "npm" / "node_modules"), *_pypi(place / "pypi"), *_matomo(place / "pypi")):
        disputed = re.compile("|".join(rule for label, rule in _DISPUTED if label == corpus.label) or r"(?!)")
        agents = {agent: weight for agent, weight in corpus.agents.items() if not disputed.search(agent)}
        yield Corpus(name=corpus.name, label=corpus.label, agents=agents, held_out=corpus.held_out)


def _npm(modules: Path) -> Iterator[Corpus]:
    for package in sorted(modules.glob("user-agents-*")):
        weights: Counter[str] = Counter()
        for sample in _samples(package):
            weights[sample["userAgent"]] += sample["weight"]
        release = json.loads((package / "package.json").read_text())["version"]
        yield Corpus(name=f"user-agents {release}", label="person", agents=weights)
    top: list[str] = json.loads((modules / "top-user-agents/src/index.json").read_text())
    yield Corpus(name="top-user-agents", label="person", agents=dict.fromkeys(top, 1))
    stacks = modules / "@ulixee/real-user-agents/data/external-raw/browserstack/userAgents.json"
    names = (sample["string"] for sample in json.loads(stacks.read_text()))
    yield Corpus(name="real-user-agents", label="person", agents=dict.fromkeys(names, 1))
    crawlers: list[str] = json.loads((modules / "top-crawler-agents/index.json").read_text())
    yield Corpus(name="top-crawler-agents", label="bot", agents=dict.fromkeys(crawlers, 1))


def _samples(package: Path) -> list[dict[str, Any]]:
    path = next(package.glob("*/user-agents.json*"))
    raw = path.read_bytes()
    samples: list[dict[str, Any]] = json.loads(gzip.decompress(raw) if path.suffix == ".gz" else raw)
    return samples


def _pypi(place: Path) -> Iterator[Corpus]:
    from crawleruseragents import CRAWLER_USER_AGENTS_DATA  # noqa: PLC0415 - for this one corpus

    crawlers: list[dict[str, Any]] = CRAWLER_USER_AGENTS_DATA
    instances = (agent for crawler in crawlers for agent in crawler["instances"])
    yield Corpus(name="crawler-user-agents", label="bot", agents=dict.fromkeys(instances, 1))
    fixtures = next(place.glob("crawlerdetect-*/tests/fixtures/user_agent"))
    listed = _lines(fixtures / "crawlers.txt")
    yield Corpus(name="crawlerdetect, crawlers", label="bot", agents=dict.fromkeys(listed, 1))
    devices = filter(_LIKE_A_BROWSER.search, _lines(fixtures / "devices.txt"))
    yield Corpus(name="crawlerdetect, devices", label="person", agents=dict.fromkeys(devices, 1))
    weights: Counter[str] = Counter()
    for line in _lines(place / "fake_useragent/data/browsers.jsonl"):
        sample = json.loads(line)
        weights[sample["useragent"]] += sample["percent"]
    yield Corpus(name="fake-useragent", label="person", agents=weights)


def _matomo(place: Path) -> Iterator[Corpus]:
    """Matomo's samples, as device-detector brings them, in halves by hash: rules were written by one of them."""
    agents_by_label: dict[tuple[Label, bool], dict[str, float]] = {}
    for path in sorted((place / "device_detector/tests/fixtures/upstream").glob("*.yml")):
        for sample in yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader) or ():
            agent = sample.get("user_agent")
            label = _label(sample, path.stem)
            if agent and label:
                held_out = hashlib.sha256(agent.encode()).digest()[0] % 2 == 1
                agents_by_label.setdefault((label, held_out), {})[agent] = 1
    for (label, held_out), agents in sorted(agents_by_label.items()):
        name = {"bot": "bots", "person": "devices", "app": "programs"}[label]
        half = ", half held out" if held_out else ", half"
        yield Corpus(name=f"Matomo, {name}{half}", label=label, agents=agents, held_out=held_out)


def _label(sample: Mapping[str, Any], file: str) -> Label | None:
    if sample.get("bot"):
        return "bot"
    client = sample.get("client")
    kind = client.get("type") if isinstance(client, dict) else None
    if kind in {"library", "feed reader"}:  # which are bots depends on who calls them
        return None
    return "person" if kind == "browser" and not file.startswith(_PROGRAMS) else "app"


def _lines(path: Path) -> Iterable[str]:
    return (line for line in path.read_text("utf-8", "replace").splitlines() if line.strip())
