"""The daily work on the tables: future days, retention, statistics."""
