"""The files that platforms give, each form in a module of its own."""
