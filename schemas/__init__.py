"""What the services agree on: events, links, topics, tables, settings and errors.

`redirector`, `stream` and `console` import this package and never each other.
"""
