"""The process that moves spool to Kafka and the compacted topics into the host's cache."""
