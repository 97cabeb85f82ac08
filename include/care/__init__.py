"""Read with care where a task has failed: in pieces, each tried apart first, down to the record to blame."""
