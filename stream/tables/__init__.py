"""The service that copies compacted topics into tables of ClickHouse, beside the counters and out of their way."""
