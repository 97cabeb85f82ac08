"""The demo and the bench: whole runs of the product on a stack of their own."""
