"""ClickHouse as every service uses it: the tables, their migrations and the client's errors."""
