"""Read with care where a task has failed: in small pieces, each tried apart first, down to the record that is to blame."""
