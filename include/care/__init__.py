"""Reading with care where a task has failed: in pieces, each tried separately, down to the record to blame."""
