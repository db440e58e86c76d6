"""The on-disk log that an event enters before the client gets its answer: its writer and its reader."""
