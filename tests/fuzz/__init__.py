"""Malformed input by the million, where bytes come in: nothing may crash, and the books must balance."""
