"""One day on one page: what came in, what was published, what failed, how quick it was."""
