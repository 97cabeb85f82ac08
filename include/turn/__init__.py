"""One task in one turn: which partitions it has, reading on, storing, and when it ends."""
