"""Apache Kafka itself: one KRaft node on the local JVM."""
