"""The link cache: a local LMDB that `relay` keeps in step with the `links` topic and `serve` reads."""
