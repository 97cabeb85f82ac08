"""This room's statements, one a file."""

from include.db.queries import queries_in

query = queries_in(__file__)
