"""The relay as a process of its own against the real Kafka."""
