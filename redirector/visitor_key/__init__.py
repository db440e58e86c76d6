"""The key of the visitors' numbers: a day's alone, kept on each host, the same on all of them."""
