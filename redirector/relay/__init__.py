"""The process that moves spool to Kafka and the `links` topic into the link cache."""
