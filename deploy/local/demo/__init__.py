"""A believable fortnight of four campaigns, through the real doors of a running stack: `make demo`."""
