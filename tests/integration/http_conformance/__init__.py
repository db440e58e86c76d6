"""HTTP as the fast and the ordinary lane speak it: the same tests, the same answers, byte by byte if need be."""
