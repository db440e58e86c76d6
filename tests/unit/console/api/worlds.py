"""Links and records as a test needs them, and callers who ask."""

from console.api.callers import Caller
from console.api.changes import Change, Decision
from console.api.index import link_of
from console.api.policy import Policy
from schemas.links import Link
from schemas.topics import LINKS

NOW_MS = 1_790_000_000_000
ANYBODY = Caller("00" * 8, "", ("links:read", "links:write"))
ACME = Caller("11" * 8, "acme", ("links:read", "links:write"))
POLICY = Policy()


class World:
    """What is there, in memory; decisions change it as the writer's transaction would."""

    def __init__(self) -> None:
        self.values: dict[tuple[str, str], bytes] = {}
        self.now_ms = NOW_MS

    def link(self, key: str) -> Link | None:
        value = self.values.get((LINKS, key))
        return None if value is None else link_of(value)

    def record(self, key: str) -> bytes | None:
        return self.values.get(("records", key))

    def has_links(self, domain: str) -> bool:
        return any(topic == LINKS and key.startswith(f"{domain}/") for topic, key in self.values)

    def make(self, change: Change) -> Decision:
        decision = change.decide(self, self.now_ms)
        for write in decision.writes:
            if write.value is None:
                self.values.pop((write.topic, write.key), None)
            else:
                self.values[write.topic, write.key] = write.value
        self.now_ms += 1
        return decision
