"""The checks of each minute: what can be reached, whether the stream makes progress, what is left undone."""
