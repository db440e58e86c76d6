from dataclasses import dataclass

import pytest

from tests.fakes import FakeSink
from tests.sink_contract import SinkContract, Subject


@dataclass
class LookIntoFake:
    sink: FakeSink

    async def clicks(self) -> int:
        return sum(clicks for clicks, _ in self.sink.totals().values())

    async def parts(self) -> int:
        return len(self.sink.blocks)

    async def events(self) -> int:
        return len(self.sink.event_rows)

    async def snapshots(self) -> int:
        return len(self.sink.snapshot_rows)


class TestFakeSink(SinkContract):
    @pytest.fixture
    def subject(self) -> Subject:
        sink = FakeSink()
        return Subject(sink, LookIntoFake(sink))
