"""Great Expectations over the hours: what it reads, what it finds there, and the pages that it writes."""

import logging

# While it is imported, Great Expectations logs a hundred lines about its own functions.
logging.getLogger("great_expectations").setLevel(logging.WARNING)
