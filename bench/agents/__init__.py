"""How well the rule set judges user agents, and what judging costs."""
