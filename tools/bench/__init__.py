"""The bench: figures as ratios to a reference of the same run, since machines differ and are noisy."""
