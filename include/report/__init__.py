"""Reading it back: what became of every record, and whether the accounting adds up."""
