"""The bench: the stream beside references in the same run, since machines differ and are noisy."""
