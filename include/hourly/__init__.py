"""Hourly sums: when an hour can be summed, what of it is published, and which hours are due again."""
