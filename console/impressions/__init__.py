"""Impressions out of files that people download from platforms, and posts whose link is not known."""
