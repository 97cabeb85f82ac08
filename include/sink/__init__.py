"""From a gathering of records to rows: judge, encode, and store all of it in the one transaction."""
