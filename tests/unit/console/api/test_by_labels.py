"""What a report is by: names that it knows, each once, in the order in which they were asked for."""

import msgspec
import pytest

from console.api.by_labels import LABELS, LABELS_OR_LINK, Labels, names_by
from console.api.problems import Problem


def test_names_come_in_the_order_of_the_query() -> None:
    assert names_by("post, channel", LABELS) == ["post", "channel"]
    assert names_by("link", LABELS_OR_LINK) == ["link"]


@pytest.mark.parametrize("by", ["link", "post,post", "post,", ",post", ",", "Post"])
@pytest.mark.parametrize("or_none", [False, True])
def test_what_is_no_name_or_there_twice_is_refused(by: str, or_none: bool) -> None:
    with pytest.raises(Problem) as raised:
        names_by(by, LABELS, or_none=or_none)
    assert raised.value.details.parameter == "by"


@pytest.mark.parametrize("by", ["", "  "])
def test_none_is_all_together_where_a_report_has_that(by: str) -> None:
    assert names_by(by, LABELS, or_none=True) == []
    with pytest.raises(Problem):
        names_by(by, LABELS)


def test_rows_have_the_labels_that_they_are_by_and_no_others() -> None:
    assert Labels.__struct_fields__ == LABELS_OR_LINK
    assert msgspec.json.encode(Labels(post="", channel="x")) == b'{"post":"","channel":"x"}'
