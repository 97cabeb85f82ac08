"""One task in one turn: which partitions it has, how it reads and stores, and when it ends."""
