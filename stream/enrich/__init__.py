"""What else an event says: browser, system and device of a user agent, source and medium of a referrer."""
