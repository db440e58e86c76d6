"""The service beside the counters: it copies topics into ClickHouse, gives posts their links, makes breakdowns."""
