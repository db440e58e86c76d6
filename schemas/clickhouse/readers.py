"""Settings with which ClickHouse answers those who read its views sooner; without them it answers the same.

The embedded server and the console take them from here. XML and Markdown can't: a test compares
deploy/docker/clickhouse/users.xml and docs/reports.md with this.
"""

from typing import Final

OF_REPORTS: Final = {
    # A join with some links reads the counters of these only, by their key.
    "enable_join_runtime_filters_index_analysis": "1",
    # The bounds of a part's time, beside its key and the index of each granule's time, find no further granule that
    # could be left out, and asking them costs a third of planning a campaign.
    "use_partition_minmax_for_primary_key_pruning": "0",
}
"""What the console asks with, where the server knows them."""

OF_READER: Final = {
    # Views are in the order of the counters' key: a preview ends after its first rows. A report reads all of its
    # time, and would pay for the order (docs/adr/0040).
    "optimize_aggregation_in_order": "1",
    **OF_REPORTS,
}
"""What the queries of `reader` begin with, and may set otherwise."""
