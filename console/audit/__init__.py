"""`clicktally audit`: is everything that was answered counted, once? What is wrong, where, and what to do."""
