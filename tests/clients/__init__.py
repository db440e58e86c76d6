"""Foreign clients of ClickHouse, pinned: what they are made of, and how they are put into place."""
