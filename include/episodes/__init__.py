"""Alarm episodes: the policy, limits in force, and what a customer's readings say. Pure."""
