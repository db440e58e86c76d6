"""ClickHouse's HTTP interface over the engine in process (chDB): see docs/adr/0003."""
