"""Platforms on this machine, as they are documented: answers, paging, limits and refusals. Time is the test's."""
