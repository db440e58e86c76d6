"""Pollers: ask platforms what their posts and ads were shown in all, and send the answers' totals to Kafka."""
