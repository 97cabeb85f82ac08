"""From a gathering of records to rows: judge, encode, and store everything in one transaction."""
