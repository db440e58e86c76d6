"""The directory in which `serve` leaves counted misses for the relay: a file a minute and process."""
