"""Spark applications; each is a thin main over `include`."""
