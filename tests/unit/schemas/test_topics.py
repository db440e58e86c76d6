import pytest

from schemas.topics import CLICKS, IMPRESSIONS, LINKS, RECORDS, TOKENS, replicated_config, topics


@pytest.mark.parametrize(("replicas", "config"), [(1, {}), (2, {}), (3, {"min.insync.replicas": "2"})])
def test_three_replicas_keep_an_acknowledged_record_on_two_disks(replicas: int, config: dict[str, str]) -> None:
    assert replicated_config(replicas) == config


def test_the_broker_stamps_what_the_stream_decides_by() -> None:
    configs = {topic.name: topic.config for topic in topics(partitions=4)}
    assert {configs[name]["message.timestamp.type"] for name in (CLICKS, IMPRESSIONS, LINKS, TOKENS, RECORDS)} == {
        "LogAppendTime"
    }


@pytest.mark.parametrize("name", [LINKS, TOKENS, RECORDS])
def test_what_is_followed_has_one_partition_so_that_offsets_order_all_changes(name: str) -> None:
    followed = {topic.name: topic for topic in topics(partitions=16)}[name]
    assert (followed.partitions, followed.config["cleanup.policy"]) == (1, "compact")
