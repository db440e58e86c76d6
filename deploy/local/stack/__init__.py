"""`make run` and `make replay`: the whole pipeline on one machine, over the embedded Kafka and ClickHouse."""
