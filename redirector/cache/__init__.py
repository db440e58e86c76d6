"""The host's cache: a local LMDB that `relay` keeps in step with the compacted topics and `serve` reads."""
