"""Whether an hour is fit to be published: figures measured in SQL, judged by Great Expectations."""
