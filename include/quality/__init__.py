"""Whether an hour is fit to be published: figures measured in SQL, judged by Great Expectations."""

import logging

# While it is imported, Great Expectations logs a hundred lines about its own functions.
logging.getLogger("great_expectations").setLevel(logging.WARNING)
