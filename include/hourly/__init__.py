"""Hourly sums: when an hour may be summed, what is published of it, and which hours are due again."""
