"""The daily work on the tables: days ahead, retention, statistics."""
